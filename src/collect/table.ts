// The collectors, by the word that calls each.
import { aws } from './aws.ts'
import type { Collector } from './collector.ts'
import { rir } from './rir.ts'

export const collectors: readonly Collector[] = [aws, rir]
