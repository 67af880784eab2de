// rows.js says what is kept, and under which name.
export default function () {
  try {
    for (const name of Object.keys(window.sessionStorage)) {
      if (name.startsWith("returntrail")) window.sessionStorage.removeItem(name)
    }
  } catch { /* A browser that refuses to keep anything has nothing to forget. */ }
}
