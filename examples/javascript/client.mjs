#!/usr/bin/env node
// A bidder's client of the auction protocol (docs/protocol.md): JSON lines out, commands in. See README.md.
//
// The client does one thing at a time: it reads a broadcast only after it has applied the one before, and it awaits
// every repair. Frames that come in between wait in ZeroMQ's queue, in order; that queue is the buffer of §7. A SUB
// lives for one connection only, so nothing is read from a house before the house has identified itself.
import { randomBytes, randomInt } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import * as zmq from 'zeromq'
import * as protocol from './protocol.mjs'

const { Fault, encode, decode } = protocol
const VERSION = 1
const TOPICS = ['beat\0', 'lot/', 'sale\0']
const PROBE_MS = 2_000 // how long a probe waits for its answer, and a client before it tries again
const PATIENCE_MS = 6_000 // how long a SUB may bring no answer to a probe
const PAUSE_MS_MAX = 48_000
const NEWS_WAIT_MS = 25_000 // how long the house lets a question for news wait for a word
const NEWS_AGAIN_MS = 35_000 // how long it is without an answer before it is repeated
const ADDRESS_MS = 3_000 // how long an address of the house's name may leave hello without an answer
const SERVICE_MS = 2_000 // how long a house may not serve where the link has other places
const REACH_MS = 1_000 // how long a place may leave a connection without a handshake, soon after a house has served
const SOON_MS = 10_000
const REFUSED_MS = 100 // the pause after a place has refused
const REPLAYS_MAX = 10 // more streams than this are repaired by a snapshot
const FATAL = ['unsupported_version', 'wrong_invite', 'wrong_code', 'not_admitted', 'invalid_name', 'name_taken', 'house_full',
  'forbidden', 'malformed', 'too_large']

const AMOUNT_MOST = protocol.AMOUNT_MINOR_MAX
const MOST = { amount_minor: AMOUNT_MOST, maximum_minor: AMOUNT_MOST, price_minor: AMOUNT_MOST, units: protocol.UNITS_MAX }
const help = (sale) => `bid LOT AMOUNT_MINOR, max LOT AMOUNT_MINOR, ${sale?.retractions ? 'retract LOT, ' : ''}confirm LOT, ` +
  'decline LOT, seal LOT AMOUNT_MINOR, unseal LOT, stop LOT [PRICE_MINOR] [xUNITS], lots or quit'

const number = (text) => (/^\d{1,16}$/.test(text ?? '') ? Number(text) : NaN)

/** By command: the type of the request, how many words follow the lot at most, and what they mean. */
const OFFERS = {
  bid: { type: 'bid', words: 1, fieldsOf: ([amount]) => ({ amount_minor: number(amount) }) },
  max: { type: 'bid', words: 1, fieldsOf: ([maximum]) => ({ maximum_minor: number(maximum) }) },
  retract: { type: 'retract', words: 0, fieldsOf: () => ({}) },
  confirm: { type: 'confirm', words: 0, fieldsOf: (_words, view) => ({ stands: true, if_seq: view.seq }) },
  decline: { type: 'confirm', words: 0, fieldsOf: (_words, view) => ({ stands: false, if_seq: view.seq }) },
  seal: { type: 'seal', words: 1, fieldsOf: ([amount]) => ({ amount_minor: number(amount) }) },
  unseal: { type: 'unseal', words: 0, fieldsOf: () => ({}) },
  stop: {
    type: 'stop', words: 2,
    // Without a price, at what the clock shows here: the house takes less if it has fallen since, and never more.
    fieldsOf: (words, view) => {
      const units = words.at(-1)?.startsWith('x') ? words.at(-1).slice(1) : null
      const price = words.length > (units === null ? 0 : 1) ? number(words[0]) : view.board.price_minor ?? NaN
      return { price_minor: price, units: units === null ? 1 : number(units) }
    },
  },
}

/** The feed can't be trusted any more: say hello, and join again. */
class Rejoin extends Error {}

const say = (type, fields) => console.log(JSON.stringify(Object.assign({ type }, fields, { type })))
const now = () => performance.now()

class Client {
  slowed = new Set() // ids of requests that a slow_down put off
  alone = 0 // the id of the only request that is sent at a time while there are any
  quietUntil = 0
  heardAt = 0
  servedAt = 0 // when a house last sent a heartbeat that is not frozen, or any answer but unavailable
  triedAt = 0 // when the place that is tried now was first tried
  isReached = false
  failures = 0 // feeds in a row that could not be joined
  frozen = false

  constructor(link, keys, name, accepts) {
    Object.assign(this, { link, keys, name, accepts })
    this.requests = new Map() // id -> a request without an answer
    this.lastId = 0
    this.forget()
    this.dealer = new zmq.Dealer({
      ...this.curve(), immediate: true, sendTimeout: 0, reconnectInterval: 100,
      reconnectMaxInterval: this.hasPlaces ? 500 : 5_000,
      heartbeatInterval: 2_000, heartbeatTimeout: 6_000, heartbeatTimeToLive: 6_000,
    })
    for (const kind of ['auth', 'protocol', 'other']) {
      this.dealer.events.on(`handshake:error:${kind}`, () => {
        this.trouble('no house with the key of the link answers there')
      })
    }
    this.dealer.events.on('handshake', () => {
      this.isReached = true
      this.rejoin('the house is reached')
    })
    this.dealer.events.on('close', ({ address }) => {
      if (this.hasPlaces && address === this.router) setTimeout(() => this.isReached || this.nextPlace(), REFUSED_MS)
    })
  }

  get hasPlaces() {
    return this.link.places.length > 1
  }

  curve() {
    const options = { linger: 1_000, ipv6: true, maxMessageSize: protocol.REPLY_BYTES_MAX + 64 }
    if (this.link.serverKey === null) return options
    const { publicKey, secretKey } = this.keys
    return { ...options, curveServerKey: this.link.serverKey, curvePublicKey: publicKey, curveSecretKey: secretKey }
  }

  forget() {
    this.sale = null
    this.epoch = 0
    this.term = 0
    this.newsSeq = 0 // of the last word to this bidder that was printed
    this.lots = new Map() // number -> view; a Map, since an object would put numbers first, in another order
  }

  /** Print what is wrong, but not again while it stays the same. */
  trouble(text) {
    if (text !== this.told) say('trouble', { text })
    this.told = text
  }

  // Requests, §9 and §14

  nextId() {
    return (this.lastId = Math.max(this.lastId + 1, Date.now() * 1_000))
  }

  /** The answer to a request, which is repeated under its id, with the same bytes, until there is one. */
  ask(message, bid = false, wait = 1_000) {
    const id = this.nextId()
    const bytes = encode({ ...message, id })
    return new Promise((resolve, reject) => {
      this.requests.set(id, { id, message, bytes, bid, resolve, reject, due: 0, wait, sent: 0, undecided: 0 })
      this.pump()
    })
  }

  /** Send what is due. After a slow_down: nothing for a while, and then one request at a time. */
  pump() {
    if (now() < this.quietUntil) return
    for (const request of this.requests.values()) {
      if (request.due > now() || (request.bid && !this.welcomed)) continue
      if (this.slowed.size > 0 && request.message.type !== 'news') { // an answer to that may take long
        if (this.requests.has(this.alone) && this.alone !== request.id) continue
        this.alone = request.id
      }
      request.due = now() + request.wait * (0.9 + Math.random() / 5)
      request.wait = Math.max(request.wait, Math.min(request.wait * 1.5, 5_000))
      // EAGAIN: no connection takes it now. It is sent again when it is due.
      this.dealer.send(request.bytes).then(() => request.sent++, (error) => {
        if (error.code !== 'EAGAIN') this.fail(error)
      })
    }
  }

  async readAnswers() {
    for await (const [frame] of this.dealer) this.onAnswer(decode(frame))
  }

  onAnswer(answer) {
    this.heardAt = now()
    if (answer.code !== 'unavailable' && !this.isOutdated(answer)) this.servedAt = now()
    const request = this.requests.get(answer.id)
    if (answer.id === 0) this.trouble(`the house could not read a request: ${answer.code}`)
    if (!request) return // the answer to a repeat that crossed with the first
    const { code, retry_ms } = answer.type === 'rejected' ? answer : {}
    const retryAt = now() + (retry_ms ?? request.wait)
    if (['slow_down', 'unavailable', 'hello_first', 'awaiting_approval'].includes(code)) {
      request.undecided++
      if (code === 'slow_down') {
        say('slow_down', { id: request.id, retry_ms })
        if (request.message.type !== 'news') this.slowed.add(request.id)
        this.quietUntil = Math.max(this.quietUntil, retryAt)
        this.alone = 0
      }
      request.due = retryAt
      if (request.message.type === 'hello') {
        this.isAwaiting = code === 'awaiting_approval'
        if (code !== 'slow_down') this.trouble(code)
      } else if (code === 'hello_first' || code === 'awaiting_approval') {
        this.rejoin(code)
      }
      return
    }
    this.done(request)
    // After id_stale nobody knows whether an earlier copy counted, unless each was answered with no verdict (§9).
    const doubt = code === 'id_stale' && request.sent - request.undecided > 1
    request.resolve(doubt ? { ...answer, detail: 'this bid may have counted: see what you lead' } : answer)
    this.pump()
  }

  done(request) {
    this.requests.delete(request.id)
    this.slowed.delete(request.id)
  }

  /** Give up what is being read or awaited for the views. Bids wait for the next welcome. */
  rejoin(why) {
    this.welcomed = false
    for (const request of [...this.requests.values()].filter((r) => !r.bid)) {
      this.done(request)
      request.reject(new Rejoin(why))
    }
    this.sub?.close()
  }

  // Joining, §6 and §7

  async run() {
    for (;;) {
      try {
        if (this.failures > 0) await sleep(Math.min(PROBE_MS * 2 ** (this.failures - 1), PAUSE_MS_MAX))
        await this.attend()
      } catch (error) {
        // EAGAIN, EBADF: the SUB was silent for too long, or was closed by rejoin().
        if (!(error instanceof Rejoin) && !['EAGAIN', 'EBADF', 'ENOTSOCK'].includes(error.code)) throw error
        if (this.inStep) say('stale', { text: error instanceof Rejoin ? error.message : 'the feed ended, or was silent for too long' })
        this.inStep = false
        this.rejoin('joining again')
      }
    }
  }

  /** Join, and follow the sale for as long as the feed can be trusted. */
  async attend() {
    const welcome = await this.hello()
    this.failures++
    const sub = (this.sub = new zmq.Subscriber({ ...this.curve(), reconnectInterval: -1, receiveHighWaterMark: 10_000 }))
    try {
      sub.events.on('disconnect', () => sub.close())
      sub.connect(`tcp://${this.address}:${welcome.publish_port}`)
      await this.probe(sub)
      await this.snapshot()
      this.failures = 0
      this.inStep = true
      say('in_step', { sale: this.sale.sale, epoch: this.epoch, paddle: this.paddle })
      this.hearNews(sub).catch((error) => error instanceof Rejoin || this.fail(error)) // rejoin() ends it
      for (;;) {
        sub.receiveTimeout = 3 * welcome.heartbeat_ms
        const [frame] = await sub.receive()
        await this.onBroadcast(decode(protocol.split(frame)[1]))
      }
    } finally {
      sub.close()
    }
  }

  /** A person must read and accept the conditions (§6): print them, and end. */
  async conditions() {
    const { digest, text } = await this.ask({ type: 'conditions' })
    if (!digest || digest === this.accepts) throw new Rejoin('the conditions of the sale changed')
    say('conditions', { digest, text })
    throw new Fault(`the sale has conditions; to accept those above, add --accepts ${digest}`)
  }

  async hello() {
    const message = {
      type: 'hello', versions: [VERSION], name: this.name || undefined, role: this.name ? undefined : 'observer',
      invite: this.link.invite || undefined, accepts: this.accepts || undefined, agent: 'javascript-example/1',
      key: this.link.serverKey === null ? this.keys.publicKey : undefined,
    }
    const changing = setInterval(() => {
      if (this.hasPlaces || now() - this.heardAt < ADDRESS_MS) return
      this.nextAddress().catch((error) => this.trouble(error.message))
    }, ADDRESS_MS)
    if (!this.address) await this.nextAddress()
    const welcome = await this.ask(message).finally(() => clearInterval(changing))
    if (welcome.code === 'conditions_not_accepted') await this.conditions()
    if (FATAL.includes(welcome.code)) throw new Fault(`${welcome.code}: ${welcome.detail ?? ''}`)
    if (welcome.type !== 'welcome') throw new Rejoin(welcome.code)
    if (welcome.version !== VERSION) throw new Fault(`the house chose version ${welcome.version}`)
    if (this.sale !== null && welcome.sale.sale !== this.sale.sale) {
      this.lose('another sale is held now')
      for (const request of this.requests.values()) {
        this.done(request)
        say('unanswered', { ...request.message, id: request.id, text: 'the sale it was for is gone' })
      }
    } else if (this.sale !== null && welcome.epoch !== this.epoch) {
      this.lose('the house has lost history')
    }
    this.isAwaiting = false
    if (this.isOutdated(welcome)) {
      this.failures ||= 1 // ask again after a pause, or at another place
      throw new Rejoin('that house no longer owns the sale')
    }
    this.epoch = welcome.epoch
    this.term = welcome.term
    this.instance = welcome.instance
    this.paddle = welcome.paddle
    this.sale ??= protocol.saleView({ ...welcome.sale, seq: 0, lots: 0 })
    const last = welcome.last_id ?? 0
    if (this.nextId() <= last) this.lastId = last + randomInt(1, 20_000)
    say('welcome', { paddle: welcome.paddle, name: welcome.name, role: welcome.role, title: welcome.sale.title })
    this.welcomed = true
    this.told = ''
    for (const request of this.requests.values()) request.due = 0
    this.pump()
    return welcome
  }

  /** Whether a welcome is of a house that owned the sale before the one that was heard last. */
  isOutdated = ({ type, epoch, term }) => type === 'welcome' && this.sale !== null && epoch === this.epoch && term < this.term

  /** Leave a place of several where no house serves (docs/protocol-clients.md, "Several places"). */
  watchService() {
    if (!this.hasPlaces || this.isAwaiting || this.sale?.status === 'ended') return
    const isSoon = !this.isReached && this.servedAt > 0 && now() - this.servedAt < SOON_MS
    if (now() - Math.max(this.servedAt, this.triedAt) >= (isSoon ? REACH_MS : SERVICE_MS)) this.nextPlace()
  }

  nextPlace() {
    if (this.isMoving || !this.router) return
    this.isMoving = true
    this.rejoin('trying another place')
    this.nextAddress().catch((error) => this.trouble(error.message)).finally(() => (this.isMoving = false))
  }

  /** Connect to the next address of the house's places; look their names up again when all were tried (§3.2). */
  async nextAddress() {
    if (!this.addresses?.length) {
      this.addresses = (await Promise.all(this.link.places.map(async ({ host, port }) =>
        (await lookup(host, { all: true }).catch(() => [])).map(({ address, family }) => ({
          machine: family === 6 ? `[${address}]` : address, port,
        }))))).flat()
    }
    const next = this.addresses.shift()
    if (!next) return this.trouble('no place of the link could be looked up')
    const router = `tcp://${next.machine}:${next.port}`
    this.triedAt = now()
    if (router === this.router) return
    this.isReached = false
    if (this.router) this.dealer.disconnect(this.router)
    this.router = router
    this.address = next.machine
    this.dealer.connect(router)
  }

  /** Subscribe, and await the proof that it is in force (§3.5). What comes before that is in the snapshot. */
  async probe(sub) {
    for (const end = now() + PATIENCE_MS; now() < end;) {
      const topic = `~${randomBytes(16).toString('hex')}`
      for (const each of TOPICS.map(Buffer.from)) {
        sub.unsubscribe(each)
        sub.subscribe(each)
      }
      sub.subscribe(Buffer.from(`${topic}\0`))
      for (const again = now() + PROBE_MS; now() < again;) {
        sub.receiveTimeout = Math.max(1, Math.ceil(again - now()))
        const [frame] = await sub.receive().catch((error) => {
          if (error.code !== 'EAGAIN' || sub.closed) throw error
          return []
        })
        if (!frame || protocol.split(frame)[0] !== topic) continue
        const probed = decode(protocol.split(frame)[1])
        sub.unsubscribe(Buffer.from(`${topic}\0`))
        if (probed.epoch === this.epoch && probed.term < this.term) continue // of a house that owns the sale no longer
        if (probed.instance !== this.instance || probed.epoch !== this.epoch) throw new Rejoin('another instance')
        if (probed.subscriptions < TOPICS.length) throw new Rejoin('the house has refused a subscription')
        return
      }
      sub.unsubscribe(Buffer.from(`${topic}\0`))
    }
    throw new Rejoin('no answer to a probe')
  }

  // Views, §7 and §8

  async snapshot() {
    const came = new Set()
    let again = 0
    for (let start = 0, pages = 0; start !== null; pages++) {
      const page = await this.ask({ type: 'snapshot', start: start || undefined })
      const next = page.next ?? null
      this.takePage(page)
      if (pages > protocol.SNAPSHOT_PAGES_MAX || (next !== null && (next !== start + page.lots.length || next === start))) {
        throw new Fault('the pages of the snapshot do not follow on each other')
      }
      for (const view of page.lots) came.add(view.terms.lot)
      start = next
      // A lot that moved from one page to another meanwhile is on neither.
      if (start === null && came.size < page.sale.lots) {
        if (again++ === protocol.SNAPSHOTS_AGAIN_MAX) throw new Fault('the snapshot does not have all lots')
        start = pages = 0
      }
    }
  }

  takePage(page, ofAll = true) {
    if (page.type !== 'snapshot') throw new Rejoin(page.code)
    if (page.epoch !== this.epoch || page.sale.sale !== this.sale.sale) throw new Rejoin('another epoch or sale')
    // The sale's view counts the lots up to its seq. Without a view of each of them, the events that add them are needed.
    const sale = ofAll ? protocol.saleView(page.sale) : this.sale
    const views = page.lots.map(protocol.lotView)
    // No broadcast is applied while a page is awaited, so all that is held was seen before the request was sent.
    if (sale.seq < this.sale.seq || views.some((view) => view.seq < (this.lots.get(view.terms.lot)?.seq ?? 0))) {
      this.lose('the house has lost history')
      throw new Rejoin('the house has lost history')
    }
    this.setSale(sale, 'snapshot')
    for (const view of views) this.setLot(view, 'snapshot')
  }

  lose(text) {
    this.forget()
    say('lost', { text })
  }

  setSale(sale, event, called = {}) {
    if (event === 'snapshot' && sale.seq === this.sale.seq && this.sale.seq > 0) return
    this.sale = sale
    say('sale', { event, seq: sale.seq, status: sale.status, lots: sale.lots, announcement: sale.announcement, ...called })
  }

  setLot(view, event) {
    const number = view.terms.lot
    const held = this.lots.get(number)
    if (event === 'snapshot' && held && held.seq >= view.seq) return
    this.lots.set(number, view)
    const { terms, ...rest } = view
    say('lot', { lot: number, event, title: held?.terms.title === terms.title ? undefined : terms.title, ...rest })
    if (!this.paddle) return
    const leads = (one) => this.paddle !== 0 && one?.board.leader === this.paddle // 0: an observer, or the house
    const wins = (one) => one?.results.some((result) => result.paddle === this.paddle && result.units > 0)
    if (leads(held) && !leads(view)) say(view.board.leader === null ? 'bid_void' : 'outbid', { lot: number })
    if (wins(view) && !wins(held)) say('won', { lot: number, ...rest })
    if (wins(held) && !wins(view)) say('won_no_longer', { lot: number })
  }

  async onBroadcast(message) {
    if (!['heartbeat', 'sale_events', 'lot_events', 'many_lots'].includes(message.type)) return
    if (message.epoch !== this.epoch) throw new Rejoin('another epoch')
    if (message.type === 'heartbeat') return this.onHeartbeat(message)
    if (message.type === 'sale_events') return this.apply('', message.events)
    for (const { lot, events } of message.lots ?? [message]) await this.apply(lot, events)
  }

  async onHeartbeat(beat) {
    if (beat.term < this.term) return // of a house that owns the sale no longer
    if (beat.instance !== this.instance) throw new Rejoin('another instance')
    this.term = beat.term
    if (!beat.frozen) this.servedAt = now()
    if ((beat.frozen ?? false) !== this.frozen) say('frozen', { frozen: (this.frozen = beat.frozen ?? false) })
    if (beat.sale_seq > this.sale.seq) await this.repair('')
    const behind = beat.lots.filter(([lot, seq]) => seq > (this.lots.get(lot)?.seq ?? Infinity))
    if (behind.length > REPLAYS_MAX) await this.snapshot()
    else for (const [lot] of behind) await this.repair(lot)
  }

  viewOf = (stream) => (stream === '' ? this.sale : this.lots.get(stream))

  /** Events of one stream from the broadcast: apply the next, drop the known, and repair a hole first. */
  async apply(stream, events) {
    if (!this.viewOf(stream)) await this.repair('') // its lot_added was lost
    for (const event of events) {
      if (event.seq > (this.viewOf(stream)?.seq ?? Infinity) + 1) await this.repair(stream)
      if (event.seq === this.viewOf(stream)?.seq + 1) await this.evolve(stream, event)
    }
  }

  async evolve(stream, event) {
    const view = this.viewOf(stream)
    const next = stream === '' ? protocol.evolveSale(view, event) : protocol.evolveLot(view, event)
    if (next === null) return this.refresh(stream) // an event that this version does not know
    if (stream !== '') return this.setLot(next, event.event)
    // What is called is no part of the view: it is of this moment, and each client has its own words for it.
    this.setSale(next, event.event, event.event === 'called' ? { lot: event.lot, call: event.call } : {})
    if (event.event === 'lots_reordered') this.lots = protocol.reordered(this.lots, event)
    if (event.event === 'lot_added' && !this.lots.has(event.terms.lot)) {
      this.setLot(protocol.firstView(event), event.event)
    }
    if (event.event === 'sale_ended' && ![...this.lots.values()].every(protocol.isFinal)) await this.snapshot()
  }

  /** Ask for what is missing of a stream: its events, or where they are gone its view. */
  async repair(stream) {
    for (let rounds = 0; rounds < protocol.REPAIR_ROUNDS_MAX; rounds++) {
      const after = this.viewOf(stream).seq
      const replay = await this.ask({ type: 'replay', lot: stream, after_seq: after })
      if (replay.code === 'history_gone') return this.refresh(stream)
      if (replay.type !== 'replay') throw new Rejoin(replay.code)
      if (replay.epoch !== this.epoch) throw new Rejoin('another epoch')
      const events = (stream === '' ? replay.sale_events : replay.lot_events) ?? []
      if (events.some((event, i) => event.seq !== after + 1 + i)) throw new Fault('a replay with a hole')
      say('repaired', { lot: stream, after_seq: after, events: events.length })
      for (const event of events) if (event.seq === this.viewOf(stream).seq + 1) await this.evolve(stream, event)
      if (!replay.more) return
    }
    throw new Fault(`the house does not close a hole in the stream "${stream}"`)
  }

  /** Ask for the words to this bidder alone (§15), again after each answer while `sub` is in use. Observers get none. */
  async hearNews(sub) {
    while (this.paddle && this.sub === sub) {
      const asked = now()
      const news = await this.ask({ type: 'news', after_seq: this.newsSeq }, false, NEWS_AGAIN_MS)
      if (news.type !== 'news' || news.epoch !== this.epoch) throw new Rejoin(news.code ?? 'another epoch')
      for (const word of news.words ?? []) {
        if (word.seq <= this.newsSeq) continue
        this.newsSeq = word.seq
        say('news', word)
      }
      if (!news.words?.length) await sleep(Math.max(0, asked + NEWS_WAIT_MS - now())) // another program of this key asks too
    }
  }

  async refresh(stream) {
    if (stream === '') await this.snapshot()
    else this.takePage(await this.ask({ type: 'lot', lot: stream }), false)
  }

  // The user

  /** Make an offer for a lot; `fieldsOf` gives the fields of the request, by the lot's view. */
  async offer(type, lot, fieldsOf) {
    const unanswered = [...this.requests.values()].filter((request) => request.bid)
    if (!this.sale) return say('error', { text: 'not joined yet' })
    if (unanswered.length >= protocol.REMEMBERED_REQUESTS_MAX) return say('error', { text: 'too many bids unanswered' })
    const same = protocol.sameLot(lot)
    const number = this.lots.has(lot) ? lot : [...this.lots.keys()].find((each) => protocol.sameLot(each) === same)
    if (!number) return say('error', { text: `there is no lot ${lot}` })
    const fields = fieldsOf(this.lots.get(number))
    if (!Object.entries(fields).every(([name, value]) => !(name in MOST) || (value >= 1 && value <= MOST[name]))) {
      return say('error', { text: 'that is no amount, or no number of units' })
    }
    const verdict = await this.ask({ type, lot: number, ...fields }, true)
    say(verdict.type, verdict)
  }

  onLine(line) {
    const [command, lot, ...words] = line.trim().split(/\s+/)
    if (lot && Object.hasOwn(OFFERS, command) && words.length <= OFFERS[command].words) {
      const { type, fieldsOf } = OFFERS[command]
      this.offer(type, lot, (view) => fieldsOf(words, view)).catch((error) => this.fail(error))
    } else if (command === 'lots') say('lots', { sale: this.sale, lots: [...this.lots.values()] })
    else if (command === 'quit') this.quit(0)
    else if (command) say('error', { text: help(this.sale) })
  }

  fail(error) {
    console.error(error instanceof Fault ? `client: ${error.message}` : error)
    this.quit(1)
  }

  quit(status) {
    for (const { bid, id, message } of this.requests.values()) if (bid) say('unanswered', { ...message, id })
    process.exit(status)
  }
}

/** The pair of keys that is the bidder's identity; made at the first start (§3.3). */
function keysIn(path) {
  if (!existsSync(path)) writeFileSync(path, JSON.stringify(zmq.curveKeyPair()), { mode: 0o600, flag: 'wx' })
  return JSON.parse(readFileSync(path, 'utf8'))
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string', default: '' }, key: { type: 'string', default: 'auction-key.json' },
    accepts: { type: 'string', default: '' },
  },
})
if (positionals.length !== 1) {
  console.error('usage: node client.mjs LINK [--name NAME] [--key FILE] [--accepts DIGEST]   (without a name: look on only)')
  process.exit(2)
}
let link
try {
  link = protocol.parseLink(positionals[0])
} catch (error) {
  console.error(`client: ${error.message}`)
  process.exit(2)
}
const client = new Client(link, keysIn(values.key), values.name, values.accepts)
setInterval(() => client.pump(), 50)
setInterval(() => client.watchService(), 50)
createInterface({ input: process.stdin }).on('line', (line) => client.onLine(line)).on('close', () => client.quit(0))
client.readAnswers().catch((error) => client.fail(error))
client.run().catch((error) => client.fail(error))
