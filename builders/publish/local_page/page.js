// A key presses the button whose id is in SIKU_KEYS, or goes into the field that is called so; unless somebody is
// writing, composing Chinese, or uses a shortcut of the browser.
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target;
  const writing = "textarea, select, [contenteditable='true'], [role='listbox'], input:not([type=radio], [type=checkbox])";
  if (at.closest(writing)) {
    if (event.key === "Escape") at.blur();
    return;
  }
  if (event.key.startsWith("Arrow") && at.matches("input")) return;
  const id = SIKU_KEYS[event.key];
  const meant = id && document.getElementById(id);
  if (!meant || meant.disabled) return;
  event.preventDefault();
  const field = meant.matches("button") ? null : meant.querySelector("textarea, input");
  if (field) field.focus();
  else meant.click();
});
