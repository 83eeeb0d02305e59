// How the one connection that writes is divided among those who ask: by the time that each has of it, and not by the number of requests.
// Nothing that runs is stopped, so that whoever keeps others waiting for long lets them go first for many times as long.

/** Work of at most this many milliseconds is everyday: for all that waits meanwhile it is a part of one transaction. */
export const everydayMs = 50
/** What one sender may have kept others waiting, in milliseconds, before theirs rests. */
export const keptWaitingMsMax = 500
/** It is forgotten while time passes: of a second, so much each second. Lists and tries are nobody's everyday business. */
export const forgottenOfLong = 1 / 20
export const forgottenOfOther = 1 / 4
/** Of whoever governs the top: they decide for all of those who wait. */
export const forgottenOfTop = 1 / 2
/** What would rest for longer than this is refused at once, and told when to come back. */
export const restMsMax = 2_000
/** What is only tried is refused once it has taken so long while others wait, but for whoever governs the top. */
export const triedMsMax = 1_000
/** Senders of which it is known; one more makes room by forgetting the one that has asked for nothing for longest. */
export const sharersMax = 10_000
/** After so long, half of what a sender has used counts. */
const halfLifeMs = 5_000
/** What a request is taken to need, of whose kind none has run yet. */
const guessMs = 0.1
const guessOfLongMs = everydayMs + 10
/** How much the last one says of the next. */
const weightOfLast = 0.3

/** What a store is told of who asks. */
export interface Asking {
  readonly sender: string | undefined
  /** As long as whoever asks makes it: a list, or what is only tried. */
  readonly isLong: boolean
  /** Of whoever governs the top. */
  readonly isOfTop: () => boolean
}

interface Took {
  readonly ms: number
  readonly aroundMs: number
  readonly keptMs: number
  readonly now: number
}
interface Kind {
  /** How long one takes, as far as those before it tell. */
  workMs: number | undefined
  /** For how long others were kept waiting, as of `at`. */
  owedMs: number
  at: number
}
interface Share {
  usedMs: number
  usedAt: number
  readonly long: Kind
  readonly other: Kind
}

const newKind = (): Kind => ({ workMs: undefined, owedMs: 0, at: 0 })
export class WriterShares {
  /** In the order in which they last had something. */
  readonly #shares = new Map<string, Share>()
  /** Of one database, as far as it is known: each counts what is asked of itself, so that together they allow as much as one. */
  servers = 1

  /** Whether nothing is known by which anybody would have to wait. */
  get isEmpty(): boolean {
    return this.#shares.size === 0
  }

  /**
   * Somebody's work is over.
   * @param ms how long it has taken
   * @param aroundMs its part of what it took to begin and to commit
   * @param keptMs for how long of that somebody else waited who could have gone on
   */
  took(asking: Asking, { ms, aroundMs, keptMs, now }: Took): void {
    const { sender } = asking
    if (sender === undefined) return
    const share = this.#shares.get(sender) ?? { usedMs: 0, usedAt: now, long: newKind(), other: newKind() }
    this.#shares.delete(sender)
    this.#shares.set(sender, share)
    if (this.#shares.size > sharersMax) this.#shares.delete(this.#shares.keys().next().value!)
    share.usedMs = usedBy(share, now) + ms + aroundMs
    share.usedAt = now
    const kind = asking.isLong ? share.long : share.other
    kind.workMs = kind.workMs === undefined ? ms : kind.workMs + (ms - kind.workMs) * weightOfLast
    if (ms <= everydayMs || keptMs <= 0) return
    kind.owedMs = owedNow(kind, this.#forgottenOf(asking), now) + keptMs
    kind.at = now
  }

  /** How long it is to rest before it begins. */
  restMs(asking: Asking, now: number): number {
    const share = asking.sender === undefined ? undefined : this.#shares.get(asking.sender)
    if (!share) return 0
    const kind = asking.isLong ? share.long : share.other
    if (kind.owedMs === 0) return 0
    const forgotten = this.#forgottenOf(asking)
    return Math.max(0, (owedNow(kind, forgotten, now) - keptWaitingMsMax / this.servers) / forgotten)
  }

  #forgottenOf({ isLong, isOfTop }: Asking): number {
    return (!isLong ? forgottenOfOther : isOfTop() ? forgottenOfTop : forgottenOfLong) / this.servers
  }

  /** How long it will take, as far as can be known. */
  workMs({ sender, isLong }: Asking): number {
    const share = sender === undefined ? undefined : this.#shares.get(sender)
    return (isLong ? share?.long : share?.other)?.workMs ?? (isLong ? guessOfLongMs : guessMs)
  }

  /** Whoever has had less comes first; each sender's own stay in their order. What nobody asks for by name goes before all. */
  inOrder<One extends Asking>(waiting: readonly One[], now: number): One[] {
    const ends = new Map<string | undefined, number>()
    const placed = waiting.map((one, place) => {
      const { sender } = one
      const share = sender === undefined ? undefined : this.#shares.get(sender)
      const begins = ends.get(sender) ?? (share ? usedBy(share, now) : 0)
      const end = begins + (sender === undefined ? 0 : this.workMs(one))
      ends.set(sender, end)
      return { one, end, place }
    })
    return placed.sort((a, b) => a.end - b.end || a.place - b.place).map(({ one }) => one)
  }
}

const usedBy = ({ usedMs, usedAt }: Share, now: number): number => usedMs * 2 ** ((usedAt - now) / halfLifeMs)
const owedNow = ({ owedMs, at }: Kind, forgotten: number, now: number): number =>
  Math.max(0, owedMs - (now - at) * forgotten)
