// Elements without markup: every text goes through textContent, so a title or a name can't become a tag or a script.

/** Return a new element. `props` are attributes, but `class`, `text` and `on` (listeners by name) mean what they say. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name === "on") for (const [event, hear] of Object.entries(value)) node.addEventListener(event, hear);
    else attr(node, name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Set a text only if it differs, so that nothing is painted or read out again. */
export function text(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

/** Set an attribute only if it differs. `false`, null and undefined remove it; `true` is an empty one. */
export function attr(node, name, value) {
  if (value === false || value === null || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else {
    const written = value === true ? "" : String(value);
    if (node.getAttribute(name) !== written) node.setAttribute(name, written);
  }
}

/** Show or hide an element. */
export function show(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** Have `list` hold the nodes of `keys` in this order. `make` makes a missing one and `update` brings one up to date. */
export function keyed(list, nodes, keys, make, update) {
  const wanted = new Set(keys);
  for (const [key, node] of nodes) if (!wanted.has(key)) { node.remove(); nodes.delete(key); }
  let place = list.firstElementChild;
  for (const key of keys) {
    let node = nodes.get(key);
    if (!node) nodes.set(key, node = make(key));
    if (node === place) place = place.nextElementSibling;
    else list.insertBefore(node, place);
    update?.(node, key);
  }
}

/** Return a function that asks for `paint` before the next frame, once however often it is called. */
export function painter(paint) {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => { isDue = false; paint(); });
  };
}
