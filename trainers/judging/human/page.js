// Digits score the axis that has the focus, or the first one without a score; Enter goes on, c is for a comment.
() => {
  const axes = () => [...document.querySelectorAll(".siku-axis")];
  const chosen = (axis) => axis.querySelector("input:checked");
  const focusOn = (axis) => {
    const input = axis && (chosen(axis) || axis.querySelector("input"));
    if (input) input.focus();
  };
  const show = () => {
    const before = document.getElementById("siku-before");
    if (before) before.scrollTop = before.scrollHeight; // its end is what the text goes on from
    axes().forEach((axis) => axis.setAttribute("aria-label", axis.querySelector("[data-testid=block-info]").innerText));
  };
  window.sikuShow = () => setTimeout(show, 50); // once what came is drawn
  window.sikuBegin = () => setTimeout(() => {
    show();
    scrollTo(0, 0);
    if (document.activeElement.closest("textarea, #siku-name")) document.activeElement.blur();
    focusOn(axes()[0]);
  }, 50);
  if (window.sikuScores) return;
  window.sikuScores = true;
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.metaKey || event.altKey) return;
    const at = event.target;
    const next = document.getElementById("siku-next");
    if (at.closest("textarea")) {
      if (event.key === "Enter" && event.ctrlKey) {
        event.preventDefault();
        at.dispatchEvent(new Event("change", { bubbles: true }));
        next.click();
      }
      return;
    }
    if (event.ctrlKey || at.closest("button, summary, a, select, input:not([type=radio])")) return;
    if (/^[0-9]$/.test(event.key)) {
      const all = axes();
      const axis = at.closest(".siku-axis") || all.find((one) => !chosen(one)) || all[0];
      const wanted = event.key === "0" ? "10" : event.key;
      const input = axis && [...axis.querySelectorAll("input")].find((one) => one.value === wanted);
      if (!input) return;
      event.preventDefault();
      input.click();
      focusOn(all[all.indexOf(axis) + 1] || axis);
    } else if (event.key === "Enter") {
      event.preventDefault();
      next.click();
    } else if (event.key === "c") {
      event.preventDefault();
      document.querySelector("#siku-comment textarea").focus();
    }
  });
}
