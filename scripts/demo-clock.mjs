// Loaded into the demo's server before anything else: its clock is weeks behind at first, and is moved on by whoever started it, so that
// there is a past to look at. The product itself has no such thing.
import { ServerResponse } from 'node:http'

const RealDate = Date
let aheadMs = Number(process.env.DEMO_CLOCK_AHEAD_MS ?? 0)
const now = () => RealDate.now() + aheadMs

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(now())
    else super(...parts)
  }
  static now() {
    return now()
  }
}
// Node writes this header by the clock that it has begun with; SDKs set theirs by it.
const { writeHead } = ServerResponse.prototype
ServerResponse.prototype.writeHead = function (...words) {
  this.setHeader('Date', new Date().toUTCString())
  return writeHead.apply(this, words)
}
process.on('message', (ms) => {
  aheadMs = ms
  process.send(ms)
})
// Whoever started it is gone, and so is the reason for all this.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
// It is no reason to stay.
process.channel?.unref()
