// Light, dark, or as the system has it: remembered where the browser allows.

/** Follows the menu of the page. */
export function startTheme(menu: HTMLSelectElement): void {
  menu.value = document.documentElement.dataset.theme ?? "system";
  menu.addEventListener("change", () => {
    if (menu.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = menu.value;
    try {
      localStorage.setItem("handheld-theme", menu.value);
    } catch {
      // storage is off: the choice lasts as long as the page
    }
  });
}

/** Runs before anything is drawn, so that nothing flashes; text, because it stands in the page's head. */
export const earlyTheme = `try{const t=localStorage.getItem("handheld-theme");if(t==="light"||t==="dark")document.documentElement.dataset.theme=t}catch{}`;
