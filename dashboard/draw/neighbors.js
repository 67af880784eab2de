// Previous and next of the list that a return was opened from.

const FIELDS = "input, textarea, select, [contenteditable], [role=dialog]"

// The list with the page that was asked for, if that is the one before or after those that are kept.
const grown = (kept, asked, more) => {
  if (!more || asked?.list !== kept.list) return kept
  if (asked.page === kept.last + 1) {
    return { ...kept, last: asked.page, hasMore: more.hasMore, rows: [...kept.rows, ...more.rows] }
  }
  if (asked.page === kept.first - 1) return { ...kept, first: asked.page, rows: [...more.rows, ...kept.rows] }
  return kept
}

// Which page the return needs: none, unless it is at an end of what is kept and the list is longer.
const needed = ({ list, first, last, hasMore, rows }, at) => {
  if (at < 0) return null
  if (at === rows.length - 1 && hasMore) return { list, page: last + 1 }
  return at === 0 && first > 1 ? { list, page: first - 1 } : null
}

const isOf = (data, address) => {
  const query = new URL(address, window.location).searchParams
  return query.get("id") === data.id && query.get("firm") === data.firm
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector("div.root")
  const kept = grown(keptList(), data.asked, data.more)
  if (data.more) keepList(kept)
  const addresses = kept.rows
  const at = addresses.findIndex((one) => isOf(data, one))
  // Once: a session that has not shown the list has no answer.
  const page = needed(kept, at)
  if (page && (page.list !== data.asked?.list || page.page !== data.asked?.page)) setStateValue("asked", page)
  const ways = [
    ["k", "Previous (K)", at > 0 ? addresses[at - 1] : null],
    ["j", "Next (J)", at < 0 ? null : addresses[at + 1]],
  ].filter(([, , address]) => address)
  const list = part("nav", "neighbors")
  list.setAttribute("aria-label", data.label)
  for (const [key, text, address] of ways) {
    const way = link("way", text, () => address)
    way.setAttribute("aria-keyshortcuts", key.toUpperCase())
    list.append(way)
  }
  root.replaceChildren(...(ways.length ? [list] : []))
  // Not while somebody types, or has the search open.
  const follow = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    if (event.composedPath().some((one) => one.matches?.(FIELDS))) return
    const way = ways.find(([key]) => key === event.key.toLowerCase())
    if (way) visit(way[2])
  }
  const listening = new AbortController()
  window.addEventListener("keydown", follow, { signal: listening.signal })
  return () => listening.abort()
}
