// Previous and next of the list that a return was opened from.

const FIELDS = "input, textarea, select, [contenteditable], [role=dialog]"

// The addresses that the list kept; none that the browser refuses to read.
const kept = () => {
  try {
    return JSON.parse(window.sessionStorage.getItem(LIST)) ?? []
  } catch {
    return []
  }
}

const isOf = (data, address) => {
  const query = new URL(address, window.location).searchParams
  return query.get("id") === data.id && query.get("firm") === data.firm
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector("div.root")
  const addresses = kept()
  const at = addresses.findIndex((one) => isOf(data, one))
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
