// A key presses the button whose id is in SIKU_KEYS, unless somebody is writing, composing Chinese, or uses a shortcut.
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target;
  if (at.closest("textarea, select, [contenteditable='true'], [role='listbox'], [role='dialog']")) {
    if (event.key === "Escape") at.blur();
    return;
  }
  if (at.matches("input:not([type=radio], [type=checkbox], [type=range])")) {
    if (event.key === "Escape") at.blur();
    return;
  }
  if (event.key.startsWith("Arrow") && at.matches("input")) return;
  const id = SIKU_KEYS[event.key];
  const button = id && document.getElementById(id);
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
});
