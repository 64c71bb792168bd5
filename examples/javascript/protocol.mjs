// The rules of the auction protocol that need neither a socket nor a clock: the join link, the encoding, and what an
// event does to a view. Sections (§) are those of docs/protocol.md.
import { decode as unpack, encode as pack } from '@msgpack/msgpack'

export const AMOUNT_MINOR_MAX = 10 ** 15
export const REMEMBERED_REQUESTS_MAX = 32
export const UNITS_MAX = 64
export const REPLY_BYTES_MAX = 1_048_576
export const REPAIR_ROUNDS_MAX = 1_000
export const SNAPSHOT_PAGES_MAX = 12_500
export const SNAPSHOTS_AGAIN_MAX = 3

/** What came can't be from a house that keeps to the protocol, or the link is no join link (§16). */
export class Fault extends Error {}

// §3.2, §3.3

const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'

/** The 40 characters of Z85 for 32 bytes. */
export function z85(bytes) {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    let value = bytes.readUInt32BE(at)
    let part = ''
    for (let i = 0; i < 5; i++, value = Math.floor(value / 85)) part = Z85[value % 85] + part
    text += part
  }
  return text
}

/** {places: [{host, port}], serverKey, invite} of a join link; `serverKey` is null where the house has no CURVE. */
export function parseLink(text) {
  const parts = /^auction:\/\/([^/?#]+)\/([0-9a-fA-F]{64}|plain)\?([^#]*)$/.exec(text)
  const listed = parts?.[1].split(',').map((place) => /^(\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(place))
  if (!listed?.every(Boolean)) {
    throw new Fault('that is no join link: it looks like auction://HOST:PORT/KEY?publish=PORT')
  }
  const [, , key, query] = parts
  const fields = new URLSearchParams(query)
  return {
    places: listed.map(([, host, port]) => ({ host: host.replace(/^\[|\]$/g, ''), port: Number(port) })),
    serverKey: key === 'plain' ? null : z85(Buffer.from(key, 'hex')),
    invite: fields.get('invite') ?? '',
  }
}

// §4

export const encode = (message) => Buffer.from(pack(message, { ignoreUndefined: true }))

/** The message in a body. A whole number that came as a float can't be told from an integer here. */
export function decode(body) {
  let message
  try {
    message = unpack(body)
  } catch (error) {
    throw new Fault(`that is not MessagePack: ${error.message}`)
  }
  check(message)
  if (typeof message?.type !== 'string') throw new Fault('that is no message: it has no type')
  return message
}

function check(value) {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw new Fault(`${value} is not an integer within 0 and 2^53-1`)
  } else if (Array.isArray(value)) {
    value.forEach(check)
  } else if (value !== null && typeof value === 'object') {
    if (Object.getPrototypeOf(value) !== Object.prototype) throw new Fault('bin and ext are not part of the protocol')
    Object.values(value).forEach(check)
  } else if (typeof value !== 'string' && typeof value !== 'boolean' && value !== null) {
    throw new Fault(`${typeof value} is not part of the protocol`)
  }
}

/** [topic, body] of a broadcast; the topic without its NUL (§3.4). */
export function split(frame) {
  const nul = frame.indexOf(0)
  if (nul < 0) throw new Fault('a broadcast without a NUL after its topic')
  return [frame.toString('latin1', 0, nul), frame.subarray(nul + 1)]
}

/** Two numbers of lots that differ only in case and in leading zeros are the same to a person (§4). */
export const sameLot = (lot) => lot.toLowerCase().replace(/(^|[^0-9])0+(?=[0-9])/g, '$1')

// The column "if absent" of docs/protocol-tables.md, and §8

const LOT = {
  seq: 0, status: 'scheduled', opens_at_ms: null, ends_at_ms: null, remaining_ms: null, results: [], closed_at_ms: null,
  close_cause: null, reason: '', asked: null,
}
const BOARDS = {
  english: { price_minor: null, leader: null, bids: 0, reserve_met: null, buy_now_minor: null },
  sealed: { offers: null },
  dutch: {},
}
const RESULT = { units: 1 }
const SALE = {
  seq: 0, status: 'running', started_at_ms: 0, lots: 0, announcement: '', revived_answer_ms: null, retractions: false,
}

/** A board with all of its fields; one of a format that this version does not know stays as it is. */
export const fullBoard = (board) => ({ ...BOARDS[board.format], ...board })
const fullResults = (results = []) => results.map((result) => ({ ...RESULT, ...result }))
export const lotView = (view) => (
  { ...LOT, ...view, board: fullBoard(view.board), results: fullResults(view.results), asked: fullAsked(view.asked) }
)
export const saleView = (view) => ({ ...SALE, ...view })

export const isFinal = (view) => ['sold', 'passed', 'withdrawn'].includes(view.status)

export const firstView = ({ terms, board, opens_at_ms = null }) => lotView({ terms, board, opens_at_ms })

const final = (e) => (
  { board: fullBoard(e.board), closed_at_ms: e.at_ms, ends_at_ms: null, remaining_ms: null, asked: null }
)
const ASKED = { until_ms: null, remaining_ms: null }
const fullAsked = (asked) => (asked ? { ...ASKED, ...asked } : null)

const CLOSED_BY = { void: 'voided', award: 'awarded' }

const LOT_EVENTS = {
  lot_rescheduled: (e) => ({ opens_at_ms: e.opens_at_ms ?? null }),
  lot_opened: (e) => ({ status: 'open', opens_at_ms: e.at_ms, ends_at_ms: e.ends_at_ms ?? null }),
  lot_moved: (e) => ({ board: fullBoard(e.board), ends_at_ms: e.ends_at_ms ?? null }),
  lot_paused: (e) => ({ status: 'paused', ends_at_ms: null, remaining_ms: e.remaining_ms ?? null }),
  lot_resumed: (e) => ({ status: 'open', ends_at_ms: e.ends_at_ms ?? null, remaining_ms: null }),
  lot_extended: (e) => ({ ends_at_ms: e.ends_at_ms ?? null, remaining_ms: e.remaining_ms ?? null }),
  lot_closed: (e) => ({
    ...final(e), status: e.results?.length ? 'sold' : 'passed', results: fullResults(e.results), close_cause: e.cause,
  }),
  lot_withdrawn: (e) => ({ ...final(e), status: 'withdrawn', reason: e.reason ?? '' }),
  lot_corrected: (e, view) => {
    const isOver = isFinal(e)
    return {
      status: e.status, board: fullBoard(e.board), results: fullResults(e.results), reason: '',
      opens_at_ms: isOver ? view.opens_at_ms : view.opens_at_ms ?? e.at_ms, asked: fullAsked(e.asked),
      ends_at_ms: e.ends_at_ms ?? null, remaining_ms: e.remaining_ms ?? null,
      closed_at_ms: isOver ? view.closed_at_ms : null, close_cause: isOver ? CLOSED_BY[e.cause] : null,
    }
  },
  lot_asked: (e) => ({ asked: fullAsked(e.asked) }),
  lot_confirmed: (e) => (
    { status: e.status, ends_at_ms: e.ends_at_ms ?? null, remaining_ms: e.remaining_ms ?? null, asked: null }
  ),
  lot_revised: (e) => ({
    terms: e.terms, board: fullBoard(e.board), opens_at_ms: e.opens_at_ms ?? null, ends_at_ms: e.ends_at_ms ?? null,
  }),
}

const SALE_EVENTS = {
  lot_added: (e, view) => ({ lots: view.lots + 1 }),
  lots_reordered: () => ({}),
  sale_paused: () => ({ status: 'paused' }),
  sale_resumed: () => ({ status: 'running' }),
  announced: (e) => ({ announcement: e.text }),
  called: () => ({}),
  sale_ended: () => ({ status: 'ended' }),
}

/** The lots, with one of them before another, or last. */
export function reordered(lots, { lot, before = '' }) {
  if (!lots.has(lot)) return lots
  const others = [...lots].filter(([number]) => number !== lot)
  const place = others.findIndex(([number]) => number === before)
  others.splice(place < 0 ? others.length : place, 0, [lot, lots.get(lot)])
  return new Map(others)
}

/** The view after an event; null where the event is not in this version of the protocol. */
function evolveBy(rules, view, event) {
  if (!Object.hasOwn(rules, event.event)) return null
  return { ...view, ...rules[event.event](event, view), seq: event.seq }
}

export const evolveLot = (view, event) => evolveBy(LOT_EVENTS, view, event)
export const evolveSale = (view, event) => evolveBy(SALE_EVENTS, view, event)
