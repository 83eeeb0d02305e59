// One real browser for all tests of the console, from a package that ships its binary; and what holds of every page.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import binary from '@sparticuz/chromium'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
export const wide = { width: 1400, height: 950 }
/** WCAG 2.2, 1.4.10: no page is wider than the window. */
export const narrow = { width: 320, height: 800 }
const waitMs = 20_000

export const openBrowser = async (): Promise<Browser> =>
  chromium.launch({
    executablePath: await binary.executablePath(),
    // Tests run as root in containers, where Chromium has no sandbox of its own.
    args: ['--headless=shell', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--disable-dev-shm-usage'],
  })

/** A page, and what it has done that none may do. */
export interface Watched {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors and warnings of the browser, since `clear`. */
  readonly said: string[]
  /** Requests of the API, since `clear`. */
  readonly asked: string[]
  /** Bytes as they came over the wire, since `clear`. */
  bytes(): number
  clear(): void
}

export async function openPage(browser: Browser, origin: string): Promise<Watched> {
  const context = await browser.newContext({
    viewport: wide,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(waitMs)
  const said: string[] = []
  const asked: string[] = []
  let bytes = 0
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') said.push(message.text())
  })
  page.on('pageerror', (error) => said.push(String(error)))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)) said.push(`asked elsewhere: ${url}`)
    if (url.startsWith(`${origin}/api/v1/`)) asked.push(url.slice(origin.length))
  })
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
  })
  return {
    page,
    context,
    said,
    asked,
    bytes: () => bytes,
    clear() {
      said.length = 0
      asked.length = 0
      bytes = 0
    },
  }
}

/** Its heading is there: pages show themselves once what they need is there. */
export async function isShown({ page }: Watched, heading?: string | RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, ...(heading !== undefined && { name: heading }) }).waitFor()
  await page.locator('[aria-busy=true]').waitFor({ state: 'detached' })
}

/** By the tool, which finds about half of what can be wrong. */
export async function findViolations({ page, context }: Watched): Promise<readonly string[]> {
  const devtools = await context.newCDPSession(page)
  // The policy of the page lets no script be put into it, which is as it should be: the tool comes from the debugger.
  await devtools.send('Runtime.evaluate', { expression: axe })
  await devtools.detach()
  // What runs in the page is text here: this program knows no document.
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
  const found = await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then(({ violations }) => violations)`,
  )
  return (found as readonly Violation[]).map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  )
}
interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string }[]
}

/** Parts of a page follow the width of its window some frames behind it, on a busy machine many. */
const framesMax = 120

/** That no text ran as a script, and nothing sticks out to the side. */
export async function assertHarmless({ page }: Watched, path: string): Promise<void> {
  const seen = await page.evaluate(`(async () => {
    const across = () => document.documentElement.scrollWidth - innerWidth
    for (let frame = 0; frame < ${framesMax} && across() > 0; frame++) await new Promise(requestAnimationFrame)
    return { hit: 'hit' in window, across: across() }
  })()`)
  const { hit, across } = seen as { hit: boolean; across: number }
  assert.equal(hit, false, `${path}: text of somebody ran as a script`)
  assert.ok(across <= 0, `${path}: ${across} pixels wider than the window`)
}

/** Opens a link of the operator, and says yes to whom it is for. */
export async function signInBy(at: Watched, link: string, heading: string | RegExp = 'Overview'): Promise<void> {
  await at.page.goto(link)
  await at.page.getByRole('button', { name: /^Sign in as / }).click()
  await isShown(at, heading)
}
