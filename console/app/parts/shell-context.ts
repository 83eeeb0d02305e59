// What pages tell the frame around them.
import { createContext, useContext } from 'react'

export interface Same {
  readonly commands: readonly string[]
  readonly requests: readonly string[]
}
export interface Shell {
  readonly setSame: (same: Same) => void
  /** Says what was done, or what went wrong where no form is open. */
  readonly tell: (type: 'success' | 'error' | 'info', text: string) => void
}
export const ShellContext = createContext<Shell>({ setSame: () => {}, tell: () => {} })
export const useShell = (): Shell => useContext(ShellContext)
