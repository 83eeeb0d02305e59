// How far the lists of a reading have come: one that takes long gives its connection to others, and then goes on from there.

/** Of one request, however often its reading begins. */
export class Progress {
  readonly #lists: object[] = []
  #begun = 0
  #asOf: number | undefined

  /** What all transactions of the reading see of moments up to this one is final; undefined before the first. */
  get asOf(): number | undefined {
    return this.#asOf
  }
  /** To be called whenever the reading begins: its lists come in the same order as before. */
  restart(asOf: number): void {
    this.#begun = 0
    // Each transaction agrees with those before on what was final then.
    this.#asOf ??= asOf
  }
  /** How far the next list has come; `begin` says where it starts. What is changed in it is there when the reading begins again. */
  next<State extends object>(begin: () => State): State {
    const index = this.#begun++
    this.#lists[index] ??= begin()
    return this.#lists[index] as State
  }
}
