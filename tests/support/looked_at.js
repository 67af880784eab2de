// What a person would see on a page, and axe does not: text that is cut or printed over, what is wider than the window, what
// is too small to be hit, and where the keyboard goes. Each check returns sentences; a page without faults returns none.
// Open shadow roots are a part of the page: most of what the dashboard draws is in one.
(() => {
  const parentOf = (one) => one.assignedSlot ?? one.parentElement ?? one.getRootNode().host ?? null
  const isIn = (one, selector) => {
    for (let at = one; at; at = parentOf(at)) if (at.matches(selector)) return true
    return false
  }
  const all = (selector, root = document) => [
    ...root.querySelectorAll(selector),
    ...[...root.querySelectorAll("*")].flatMap((one) => (one.shadowRoot ? all(selector, one.shadowRoot) : [])),
  ]
  const name = (one) => {
    const words = (one.getAttribute("aria-label") || one.textContent || one.getAttribute("placeholder") || "").trim()
    const kind = [...one.classList].filter((each) => !/^(st-)?emotion|^e[a-z0-9]{6,}|^st-/.test(each)).join(".")
    const test = one.closest("[data-testid]")?.dataset.testid ?? parentOf(one)?.closest("[data-testid]")?.dataset.testid ?? ""
    return `${one.localName}${kind && `.${kind}`} “${words.replace(/\s+/g, " ").slice(0, 50)}” in ${test}`
  }
  const isSeen = (one) => {
    if (!one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false
    const box = one.getBoundingClientRect()
    return box.width > 1 && box.height > 1
  }

  // A box without what the boxes around it cut away; null if nothing is left.
  const cut = (box, one) => {
    let { left, right, top, bottom } = box
    for (let at = one; at && at !== document.body; at = parentOf(at)) {
      const style = getComputedStyle(at)
      const around = at.getBoundingClientRect()
      if (style.overflowX !== "visible") [left, right] = [Math.max(left, around.left), Math.min(right, around.right)]
      if (style.overflowY !== "visible") [top, bottom] = [Math.max(top, around.top), Math.min(bottom, around.bottom)]
      if (style.position === "fixed") break
    }
    return right - left > 1 && bottom - top > 1 ? { left, right, top, bottom } : null
  }

  // The page itself is never wider than the window; a wide table has a box of its own that is scrolled.
  const wide = () => {
    const faults = []
    const page = [document.documentElement, ...all("[data-testid=stMain], [data-testid=stSidebarContent], [role=dialog]")]
    for (const one of page) {
      if (isSeen(one) && one.scrollWidth > one.clientWidth + 1) faults.push(`${name(one)} is ${one.scrollWidth} wide in ${one.clientWidth}`)
    }
    if (!faults.length) return []
    const parts = all("[data-testid=stMain] *").filter((one) => {
      const box = isSeen(one) && cut(one.getBoundingClientRect(), parentOf(one))
      return box && box.right > innerWidth + 1
    })
    return [...faults, ...parts.slice(0, 5).map((one) => `beyond the window: ${name(one)}`)]
  }

  const hasOwnText = (one) => [...one.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.data.trim())
  // What is read aloud and not seen, as pages of several makers hide it.
  const isForReaders = (one) => {
    if (!one || one === document.body) return false
    const style = getComputedStyle(one)
    return style.clipPath === "inset(50%)" || /^rect\((0px|1px)/.test(style.clip) || isForReaders(parentOf(one))
  }

  // A text may end in an ellipsis if a title has all of it.
  const clipped = () => all("body *").filter((one) => {
    if (one instanceof SVGElement || !hasOwnText(one) || !isSeen(one) || !isText(one)) return false
    for (let at = one; at; at = parentOf(at)) {
      const style = getComputedStyle(at)
      // Whatever is further out moves with the box that is scrolled.
      if (/auto|scroll/.test(style.overflowX + style.overflowY)) return false
      if (!/hidden|clip/.test(style.overflowX + style.overflowY)) continue
      const [inner, outer] = [textBox(one), at.getBoundingClientRect()]
      const isCut = inner.right > outer.right + 1 || inner.bottom > outer.bottom + 2 || inner.left < outer.left - 1
      if (isCut) return !(style.textOverflow === "ellipsis" && isTitled(one))
    }
    return false
  }).map((one) => `cut: ${name(one)}`)

  const isTitled = (one) => {
    for (let at = one, up = 0; at && up < 4; at = parentOf(at), up += 1) if (at.getAttribute("title")) return true
    return false
  }

  const textBox = (one) => {
    const range = document.createRange()
    range.selectNodeContents(one)
    return range.getBoundingClientRect()
  }

  const texts = (root = document.body) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ALL)
    const found = []
    for (let at = walker.nextNode(); at; at = walker.nextNode()) {
      if (at.nodeType === Node.TEXT_NODE && at.data.trim()) found.push(at)
      if (at.shadowRoot) found.push(...texts(at.shadowRoot))
    }
    return found
  }

  // What is drawn later hides what is below it if it has a ground of its own, as a head that stays above its rows.
  const isCovered = (box, one) => {
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2]
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return false
    let top = document.elementFromPoint(x, y)
    while (top?.shadowRoot?.elementFromPoint(x, y) && top.shadowRoot.elementFromPoint(x, y) !== top) {
      top = top.shadowRoot.elementFromPoint(x, y)
    }
    for (let at = top; at; at = parentOf(at)) {
      if (at === one || at.contains(one)) return false
      const ground = getComputedStyle(at).backgroundColor
      if (ground !== "rgba(0, 0, 0, 0)" && !/\/ 0?\.\d+\)$|, 0?\.\d+\)$/.test(ground)) return true
    }
    return false
  }

  // A dialog is over the texts of the page behind it, and an icon is a word of a font of icons.
  const isText = (one) => {
    const dialog = document.querySelector("[role=dialog]")
    if (dialog && !isIn(one, "[role=dialog]")) return false
    return !isIn(one, "script, style, noscript, option, [data-testid=stIconMaterial]") && !isForReaders(one)
  }

  // Two texts, one on the other. A line box is higher than its letters, so a little is left out at its edges.
  const overprinted = () => {
    const boxes = []
    for (const text of texts()) {
      const one = text.parentElement ?? text.getRootNode().host
      if (!isSeen(one) || !isText(one)) continue
      const range = document.createRange()
      range.selectNodeContents(text)
      for (const each of range.getClientRects()) {
        const inset = Math.min(each.height * 0.2, 5)
        const box = cut({ left: each.left + 1, right: each.right - 1, top: each.top + inset, bottom: each.bottom - inset }, one)
        if (box && !isCovered(box, one)) boxes.push({ ...box, text, one })
      }
    }
    boxes.sort((a, b) => a.top - b.top)
    const faults = new Set()
    boxes.forEach((a, at) => {
      for (let next = at + 1; next < boxes.length && boxes[next].top < a.bottom - 1; next += 1) {
        const b = boxes[next]
        if (b.text === a.text || b.left >= a.right - 1 || a.left >= b.right - 1) continue
        faults.add(`“${a.text.data.trim().slice(0, 40)}” and “${b.text.data.trim().slice(0, 40)}” are printed over each other`)
      }
    })
    return [...faults]
  }

  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=option], [role=tab]"

  // A link in a sentence is as high as its line.
  const isInSentence = (one) => {
    if (one.localName !== "a" || getComputedStyle(one).display !== "inline") return false
    let around = parentOf(one)
    while (around && getComputedStyle(around).display === "inline") around = parentOf(around)
    return Boolean(around) && around.textContent.trim().length > one.textContent.trim().length
  }

  // A box for a tick is as large as the label that ticks it.
  const target = (one) => {
    const boxes = [one, ...(one.labels ?? []), ...(one.localName === "input" ? [one.closest("label")] : [])]
    return boxes.filter(Boolean).map((each) => each.getBoundingClientRect())
  }

  const small = () => all(CONTROLS).filter((one) => {
    if (!isSeen(one) || one.disabled || isInSentence(one)) return false
    if (isForReaders(one) && !one.closest("label")) return false
    return !target(one).some((box) => box.width >= 23.9 && box.height >= 23.9)
  }).map((one) => {
    const box = one.getBoundingClientRect()
    return `${Math.round(box.width)}×${Math.round(box.height)}: ${name(one)}`
  })

  const LONGEST_SECONDS = 0.01
  const seconds = (text) => text.split(",").map((one) => parseFloat(one) * (one.trim().endsWith("ms") ? 0.001 : 1))
  // For a reader who has asked for less motion.
  const moving = () => all("body *").filter((one) => ["", "::before", "::after"].some((part) => {
    const style = getComputedStyle(one, part || null)
    const isAnimated = style.animationName !== "none" && Math.max(...seconds(style.animationDuration)) > LONGEST_SECONDS
    return isAnimated || Math.max(...seconds(style.transitionDuration)) > LONGEST_SECONDS
  })).map((one) => `moves: ${name(one)}`)

  // Where the keyboard goes. What shows the focus may be around the control or beside it, as with a box for a tick.
  const focused = () => {
    let one = document.activeElement
    while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement
    return one === document.body ? null : one
  }
  const shownBy = (one) => {
    const found = [one]
    for (let at = parentOf(one), up = 0; at && up < 4; at = parentOf(at), up += 1) {
      // What is much larger than the control shows the focus of none.
      const [inner, outer] = [one.getBoundingClientRect(), at.getBoundingClientRect()]
      if (outer.height > Math.max(60, 3 * inner.height)) break
      found.push(at, ...[...at.querySelectorAll("*")].slice(0, 30))
    }
    return [...new Set(found)]
  }
  const LOOK = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow", "borderTopColor", "borderTopWidth",
    "borderBottomColor", "borderBottomWidth", "backgroundColor", "textDecorationLine", "color"]
  const look = (one) => LOOK.map((each) => getComputedStyle(one)[each]).join("|")
  const FOCUSABLE = `${CONTROLS}, [tabindex]`
  // While a dialog is open, the page behind it is not to be reached.
  const reachable = () => {
    const isOpen = document.querySelector("[role=dialog]")
    return all(FOCUSABLE).filter((one) => one.tabIndex >= 0 && !one.disabled && isSeen(one) &&
      !isIn(one, "[inert], [aria-hidden=true]") && (!isOpen || isIn(one, "[role=dialog]")))
  }
  let before = new Map()
  let stops = []
  let outside = 0

  const walk = {
    // Before the first Tab: how everything looks without the focus.
    begin: () => {
      focused()?.blur()
      // The first Tab starts where the last click was, unless something before all else has had the focus since.
      const start = document.createElement("span")
      start.tabIndex = -1
      if (!document.querySelector("[role=dialog]")) document.body.prepend(start)
      start.focus()
      start.remove()
      before = new Map()
      stops = []
      outside = 0
      for (const one of reachable()) for (const each of shownBy(one)) before.set(each, look(each))
    },
    // After a Tab: true where the stops begin again. Between the last and the first are the browser's own controls.
    step: () => {
      const one = focused()
      if (!one) return (outside += 1) > 2
      if (stops.some((stop) => stop.one === one)) return true
      const isNew = shownBy(one).every((each) => !before.has(each))
      const isShown = isNew || shownBy(one).some((each) => before.has(each) && before.get(each) !== look(each))
      const box = one.getBoundingClientRect()
      const inWindow = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
      stops.push({ one, isShown, inWindow })
      return false
    },
    // One of a group of choices, or of rows, is reached; the arrows lead to the others.
    end: () => {
      const reached = new Set(stops.map((stop) => stop.one))
      const groups = new Set([...reached].map((one) => one.name || one.closest("[role=radiogroup], [role=listbox]")).filter(Boolean))
      const isReached = (one) => reached.has(one) || (one.type === "radio" && groups.has(one.name)) ||
        groups.has(one.closest("[role=radiogroup], [role=listbox]"))
      return {
        count: stops.length,
        faults: [
          ...stops.filter((stop) => !stop.isShown).map((stop) => `focus is not shown: ${name(stop.one)}`),
          ...stops.filter((stop) => !stop.inWindow).map((stop) => `focus is outside the window: ${name(stop.one)}`),
          ...reachable().filter((one) => !isReached(one)).map((one) => `Tab does not reach: ${name(one)}`),
        ],
      }
    },
  }

  window.lookedAt = { wide, clipped, overprinted, small, moving, walk, all, isIn }
})()
