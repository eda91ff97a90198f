// Digits score the axis that has the focus, or the first one without a score; Enter goes on, c is for a comment.
() => {
  const axes = () => [...document.querySelectorAll(".siku-axis")];
  const chosen = (axis) => axis.querySelector("input:checked");
  const focusOn = (axis, how) => {
    const input = axis && (chosen(axis) || axis.querySelector("input"));
    if (input) input.focus(how);
  };
  const show = () => {
    const before = document.getElementById("siku-before");
    if (before) before.scrollTop = before.scrollHeight; // its end is what the text goes on from
    axes().forEach((axis) => axis.setAttribute("aria-label", axis.querySelector("[data-testid=block-info]").innerText));
  };
  window.sikuShow = () => setTimeout(show, 50); // once what came is drawn
  window.sikuBegin = () => setTimeout(() => {
    show();
    const problem = document.querySelector(".siku-board .problem");
    if (problem) problem.scrollIntoView({ block: "nearest" });
    else scrollTo(0, 0);
    const at = document.activeElement; // whoever writes meanwhile is left alone
    const axis = axes().find((one) => !chosen(one)) || axes()[0];
    if (at === document.body || at.closest(".siku-axis, button")) focusOn(axis, { preventScroll: true });
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
        at.blur();
        next.click();
      }
      return;
    }
    if (at.closest("#siku-name") && event.key === "Enter") setTimeout(() => at.blur()); // once its own keys are heard
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
