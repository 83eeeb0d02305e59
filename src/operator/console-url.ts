// Where a browser finds the console, and the links that sign in to it.
import type { Config } from '../config.ts'

type Reached = Pick<Config, 'publicUrl' | 'host' | 'port' | 'tls'>

/** As it is told, or on this machine. */
export function consoleUrl({ publicUrl, host, port, tls }: Reached): string {
  const isEverywhere = host === '0.0.0.0' || host === '::' || host === ''
  const here = `${tls ? 'https' : 'http'}://${isEverywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`
  return `${publicUrl ?? here}/console`
}
/** The secret stands behind a `#`, which browsers send to no server. */
export const linkTo = (reached: Reached, code: string): string => `${consoleUrl(reached)}/sign-in#${code}`
