// Light or dark: as the system says, unless the person has chosen. It is theirs and of this browser, so it is in no link.
const key = 'cadastre-mode'
export const darkQuery = matchMedia('(prefers-color-scheme: dark)')

export function chosenMode(): 'light' | 'dark' {
  const chosen = localStorage.getItem(key)
  if (chosen === 'light' || chosen === 'dark') return chosen
  return darkQuery.matches ? 'dark' : 'light'
}

export function chooseMode(mode: 'light' | 'dark'): void {
  localStorage.setItem(key, mode)
}
