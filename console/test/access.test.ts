// Signing in, first minutes, the organization, roles, tokens and sessions: in a real browser, on one server.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { buildConsole } from '../../scripts/console.ts'
import { findViolations, isShown, narrow, openBrowser, openPage, signInBy, type Watched, wide } from './browser.ts'
import { type EmptyServer, openEmpty } from './estate.ts'

const pictures = process.env.CADASTRE_TEST_PICTURES
let server: EmptyServer
let browser: Browser
let olga: Watched

before(async () => {
  await buildConsole()
  server = await openEmpty()
  browser = await openBrowser()
  olga = await openPage(browser, server.url)
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
})
after(async () => {
  await browser?.close()
  await server?.server.remove()
})

/** For people to look at, where somebody names a folder for them: wide and light, narrow and dark. */
async function picture({ page }: Watched, name: string): Promise<void> {
  if (pictures === undefined) return
  await page.screenshot({ path: join(pictures, `${name}.png`) })
  await page.setViewportSize(narrow)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.screenshot({ path: join(pictures, `${name}-narrow.png`) })
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(wide)
}

test('A9 a link signs nobody in who was not asked, and says whose session it ends', async () => {
  const link = await server.linkFor('olga', 'organization-administrator')
  const { page } = olga
  await page.goto(link)
  await page.getByRole('heading', { name: 'Sign in as olga?' }).waitFor()
  assert.equal(await page.evaluate(async () => (await fetch('/api/v1/me')).status), 401, 'nobody is signed in yet')
  assert.doesNotMatch(page.url(), /#/, 'the secret has left the address')
  assert.deepEqual(await findViolations(olga), [])
  await picture(olga, 'sign-in')
  await page.getByRole('button', { name: 'Do not sign in' }).click()
  await page.getByRole('heading', { name: 'Sign in as olga?' }).waitFor({ state: 'detached' })
  await signInBy(olga, link)

  const whoAmI = () =>
    page.evaluate(async () => ((await (await fetch('/api/v1/me')).json()) as { principal: string }).principal)
  const other = await server.linkFor('anna', 'approver')
  await page.goto(other)
  await page.getByText('This browser is signed in as olga').waitFor()
  await picture(olga, 'sign-in-as-another')
  await page.getByRole('button', { name: 'Stay olga' }).click()
  await isShown(olga, 'Overview')
  assert.equal(await whoAmI(), 'user:olga')
  await page.goto(`${server.url}/console/sign-in`)
  await page.getByRole('button', { name: 'Go on as olga' }).waitFor()
  await signInBy(olga, other)
  assert.equal(await whoAmI(), 'user:anna')
  await page.goto(other)
  await page.getByText('You are not signed in').waitFor()
  await page.getByText(/was used/).waitFor()
})
