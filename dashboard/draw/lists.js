// A list of returns. Every state of it is an address, so each control is a link or leads to one, and Back, a new tab and a
// shared link all work.

// The address of this page with other values of this list; an empty value is left out.
const address = (prefix, values) => {
  const url = new URL(window.location)
  for (const [name, value] of Object.entries(values)) {
    if (value) url.searchParams.set(prefix + name, value)
    else url.searchParams.delete(prefix + name)
  }
  return url.pathname + url.search
}

// What is typed is asked for when nothing is typed for a moment, unless the list is gone by then.
const askSoon = (root, prefix) => {
  clearTimeout(root.waiting)
  root.waiting = setTimeout(() => {
    root.waiting = null
    if (root.isConnected) visit(address(prefix, { search: typed(root), page: "" }), false)
  }, 250)
}

const typed = (root) => root.querySelector("input.search").value.trim()

// A search that is not asked for yet, or that the address asks for, is not replaced by what the rows were searched for.
const isTyped = (root, prefix) => {
  if (!root.hasChildNodes()) return false
  return root.waiting || typed(root) === (new URL(window.location).searchParams.get(`${prefix}search`) ?? "")
}

const head = (data, root) => {
  const { prefix } = data
  const count = part("p", "count", data.counted)
  count.setAttribute("role", "status")
  const box = part("input", "search")
  box.type = "search"
  box.setAttribute("aria-label", data.searchLabel)
  box.placeholder = data.searchLabel
  box.value = isTyped(root, prefix) ? root.querySelector("input.search").value : data.search
  box.oninput = () => askSoon(root, prefix)
  const sort = part("select", "sort")
  sort.setAttribute("aria-label", "Sorted by")
  for (const [value, text] of data.sorts) {
    const option = part("option", "", text)
    option.value = value
    option.selected = value === data.sort
    sort.append(option)
  }
  sort.onchange = () => visit(address(prefix, { sort: sort.value, page: "" }))
  const csv = part("a", "csv", "CSV")
  csv.href = data.csv
  csv.title = data.csvHelp
  csv.setAttribute("download", "")
  const print = part("button", "print", "Print")
  print.type = "button"
  print.onclick = () => printAll(data)
  const tools = part("div", "tools")
  tools.append(box, sort, csv, print)
  const bar = part("div", "bar")
  bar.append(count, tools)
  return bar
}

// Paper has no next page to click: all rows are asked for first, and printed once they are drawn.
let isPrinting = false
const printAll = (data) => {
  if (data.page === 1 && !data.hasMore) window.print()
  else {
    isPrinting = true
    visit(address(data.prefix, { page: data.all }))
  }
}

const pages = (data) => {
  const list = part("nav", "pages")
  list.setAttribute("aria-label", "Pages of the list")
  const to = (text, page) => link("page", text, () => address(data.prefix, { page: page > 1 ? String(page) : "" }))
  if (data.isAll) list.append(to("In pages", 1))
  if (data.page > 1) list.append(to("Previous", data.page - 1))
  list.append(part("span", "", data.shown))
  if (data.hasMore) list.append(to("Next", data.page + 1))
  return list
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector("div.root")
  const list = part("ol", "rows")
  list.setAttribute("aria-label", data.label)
  list.append(...data.rows.map(row))
  rove(list)
  // For the way from one return to the next.
  const { page, hasMore } = data
  const keep = () => keepList({ list: data.list, first: page, last: page, hasMore, rows: data.rows.map((one) => one.address) })
  list.addEventListener("click", keep, true)
  const drawn = [head(data, root), list]
  if (data.page > 1 || data.hasMore || data.isAll) drawn.push(pages(data))
  // What has the focus, or is being typed into, keeps it in the new rows.
  const focused = root.getRootNode().activeElement
  const kind = root.contains(focused) && `.${focused.className}`
  const at = kind && [...root.querySelectorAll(kind)].indexOf(focused)
  root.replaceChildren(...drawn)
  // Not by Python, whose changes of an address add to the history.
  if (data.isLeftPage) visit(address(data.prefix, { page: "" }), false)
  if (isPrinting && data.isAll) {
    isPrinting = false
    requestAnimationFrame(() => window.print())
  }
  if (!kind) return
  const again = root.querySelectorAll(kind)[at] ?? root.querySelector(kind)
  if (!again) return
  again.focus()
  if (kind === ".search") again.setSelectionRange(focused.selectionStart, focused.selectionEnd)
}
