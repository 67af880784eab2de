// Rows that are links, for the list and the search, whose own scripts follow this one. Texts reach the page as text nodes,
// never as markup.

// Where the tab keeps the list that a return was opened from: its key, the addresses on its pages from `first` to `last`,
// and whether more follow. forget.js removes it. A browser that refuses to keep it leads to no neighbors.
const LIST = "returntrail list"
const keepList = (one) => {
  try {
    window.sessionStorage.setItem(LIST, JSON.stringify({ ...one, rows: [...new Set(one.rows)] }))
  } catch { /* Nothing is kept. */ }
}
const keptList = () => {
  try {
    return JSON.parse(window.sessionStorage.getItem(LIST)) ?? { rows: [] }
  } catch {
    return { rows: [] }
  }
}

const part = (tag, name, text = "") => {
  const element = document.createElement(tag)
  element.className = name
  element.textContent = text
  return element
}

// Streamlit follows the history of the browser: no page is loaded again, and Back needs one click. To visit the same address
// again adds nothing to the history, as in any browser.
const visit = (target, isNew = new URL(target, window.location).href !== window.location.href) => {
  window.history[isNew ? "pushState" : "replaceState"]({}, "", target)
  window.dispatchEvent(new PopStateEvent("popstate"))
}

// The address is made when the link is used, since the page may have another one than when the link was drawn. A click with
// Ctrl, Shift or another button is the browser's: it opens a tab or a window.
const link = (name, text, target) => {
  const element = part("a", name, text)
  const renew = () => { element.href = target() }
  renew()
  element.onpointerdown = element.onfocus = renew
  element.onclick = (event) => {
    renew()
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    visit(element.href)
  }
  return element
}

const line = (name, words) => {
  const element = part("span", name)
  // With blanks between them, where a line may be broken.
  words.forEach((word, number) => element.append(part("span", number ? "fact" : "first", word), " "))
  return element
}

const row = (one) => {
  const item = part("li", "")
  const open = link("row", "", () => one.address)
  open.append(line("line", one.first), line("line quiet", one.second), line("right", one.right))
  if (one.pill) open.append(part("span", one.isLate ? "pill late" : "pill", one.pill))
  item.append(open)
  return item
}

// One row can be reached with Tab; the arrows go from row to row, and from the first one to what is `above` it.
const rove = (list, above) => {
  const rows = [...list.querySelectorAll("a.row")]
  const reach = (row) => rows.forEach((one) => { one.tabIndex = one === row ? 0 : -1 })
  reach(rows[0])
  list.onkeydown = (event) => {
    const at = rows.indexOf(event.target)
    const to = { ArrowDown: rows[at + 1], ArrowUp: rows[at - 1] ?? above, Home: rows[0], End: rows.at(-1) }[event.key]
    if (at < 0 || !to) return
    event.preventDefault()
    if (to !== above) reach(to)
    to.focus()
  }
}
