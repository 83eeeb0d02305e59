// What AWS answered instead of what was asked for.
import { SourceTrouble } from './collector.ts'

export class AwsTrouble extends SourceTrouble {
  /** Of AWS or of Node; the SDK's own name where there was no answer at all. */
  readonly code: string
  constructor(code: string, message: string, isPassing: boolean) {
    super(message, { isPassing })
    this.code = code
  }
}
