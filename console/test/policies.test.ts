// Policies in a real browser: how versions differ.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { buildConsole } from '../../scripts/console.ts'
import { isShown, narrow, openBrowser, openPage, type Watched, wide } from './browser.ts'
import { type Estate, openEstate, region } from './estate.ts'

/** Screenshots are for people to look at, where somebody names a folder for them. */
const pictures = process.env.CADASTRE_TEST_PICTURES

let estate: Estate
let browser: Browser
let olga: Watched

before(async () => {
  await buildConsole()
  estate = await openEstate()
  browser = await openBrowser()
  olga = await openPage(browser, estate.url)
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
  await olga.page.goto(await estate.linkFor('olga', 'organization-administrator'))
  await isShown(olga, 'Overview')
})
after(async () => {
  await browser?.close()
  await estate?.server.remove()
})

const go = async (path: string, heading?: string | RegExp): Promise<void> => {
  await olga.page.goto(`${estate.url}/console${path}`)
  await isShown(olga, heading)
}
/** For whoever looks: as it is, and narrow and dark. */
async function takePicture(name: string): Promise<void> {
  if (pictures === undefined) return
  const { page } = olga
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  await page.setViewportSize(narrow)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.screenshot({ path: join(pictures, `${name}-narrow.png`), fullPage: true })
  await page.setViewportSize(wide)
  await page.emulateMedia({ colorScheme: 'light' })
}

test('any two versions are compared in words, by a link, and an old one is restored', async () => {
  const { page } = olga
  const { policy, pool } = estate.ids
  const sized = { rules: [{ poolId: pool }], size: { min: 24, default: 26, max: 28 } }
  await estate.ask('PUT', `/policies/${policy}/documents/${region}/vpc`, sized)
  await go(`/policies/${policy}`, 'production')
  await page.getByRole('link', { name: /how it differs from others/ }).click()
  await isShown(olga, 'Versions of production')
  const differences = page.getByRole('table', { name: 'Differences' })
  await differences.getByRole('row', { name: 'IPv4 sizes none /24 to /28, /26 where nothing is said' }).waitFor()
  await takePicture('versions')
  await page.getByRole('link', { name: 'Differences of 2 from 1' }).click()
  await differences.getByRole('row', { name: /^Pool prod \(ipam-pool-.*\) none number 1/ }).waitFor()
  await page.getByRole('button', { name: 'Restore version 2' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
  await page.getByText('What version 2 says is in force again.').waitFor()
  await page.getByText('4 (in force)').waitFor()
})
