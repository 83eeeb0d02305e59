// What an operation looks at before its transaction may be over when that begins.

/** What was looked at ahead is not so any more: it is looked at again. */
export class AheadOutdated extends Error {}
/** How often it is looked at for one request. */
export const aheadTriesMax = 3
