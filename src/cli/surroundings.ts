// What the command line has around it, handed in by `main.ts`: its settings and the terminal.
import type { Readable } from 'node:stream'
import type { Clock } from './moments.ts'

/** From the environment. */
export interface ClientSettings {
  readonly url: string | undefined
  readonly token: string | undefined
  readonly profile: string | undefined
  /** Where the profiles are; undefined where there is no home. */
  readonly profilesFile: string | undefined
  /** A program that opens a URL; undefined: nobody does. */
  readonly browser: string | undefined
  /** Whoever sits there has not said no. */
  readonly wantsColour: boolean
}

export interface Surroundings {
  readonly settings: ClientSettings
  out(text: string): void
  err(text: string): void
  /** Columns of the terminal; undefined where the output goes elsewhere. */
  readonly width: number | undefined
  /** Whether the output and the errors go to terminals, and colour is wanted there. */
  readonly colours: { readonly out: boolean; readonly err: boolean }
  /** What a clock says now, and the person's time zone. */
  readonly clock: () => Clock
  readonly input: Readable
}
