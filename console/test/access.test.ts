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

test('from nothing to a first denial that policy enforces: six forms, filled in already', async () => {
  olga = await openPage(browser, server.url)
  const { page } = olga
  await signInBy(olga, await server.linkFor('olga', 'organization-administrator'))
  await page.getByText('No policy is in force yet').waitFor()
  await page.getByRole('link', { name: 'First minutes' }).click()
  await isShown(olga, 'First minutes')
  assert.deepEqual(await findViolations(olga), [])
  await picture(olga, 'start')
  for (const act of ['Make the organization', 'Make the IPAM', 'Make the pool', 'Write the policy']) {
    await page.getByRole('button', { name: act }).click()
    await page.getByRole('button', { name: act }).waitFor({ state: 'detached' })
  }
  await picture(olga, 'start-half')
  await page.getByRole('button', { name: 'Assign the policy' }).click()
  await page.getByRole('button', { name: 'Ask for it' }).click()
  await page.getByText('Policy is enforced').waitFor()
  await picture(olga, 'start-done')
  await page.getByRole('link', { name: /^Why it was denied/ }).click()
  await isShown(olga, 'Denied')
  await page.getByText('The way to comply').waitFor()
  olga.clear()
  await page.goto(`${server.url}/console/start`)
  await page.getByText('Policy is enforced').waitFor()
  assert.ok(olga.asked.length <= 6, olga.asked.join(' '))
})

test('an example company is loaded in one click and thrown away in one, and nothing else is', async () => {
  const { page } = olga
  const listed = async (path: string): Promise<number> =>
    (await server.ask<{ items: unknown[] }>('GET', path)).items.length
  const kinds = ['/accounts', '/organizational-units', '/ipams', '/pools', '/policies', '/assignments', '/allocations']
  const count = () => Promise.all(kinds.map(listed))
  const before = await count()
  await page.getByRole('button', { name: 'Load it' }).click()
  await page.getByText('The example company is there.').waitFor()
  assert.deepEqual(
    (await count()).map((now, at) => now - before[at]!),
    [3, 3, 1, 3, 2, 2, 6],
  )
  await picture(olga, 'start-example')
  await page.goto(`${server.url}/console/`)
  await page.getByText('This has an example company in it').waitFor()
  await picture(olga, 'overview-example')
  await page.getByRole('link', { name: 'First minutes' }).click()
  await page.getByRole('button', { name: 'Throw it away' }).click()
  await page.getByText('The example company is gone.').waitFor()
  assert.deepEqual(await count(), before)

  const eve = await openPage(browser, server.url)
  await signInBy(eve, await server.linkFor('eve', 'auditor'))
  await eve.page.goto(`${server.url}/console/start`)
  const load = eve.page.getByRole('button', { name: 'Load it' })
  await load.focus()
  await eve.page.getByRole('tooltip').getByText('This takes the role organization-administrator').waitFor()
  await eve.context.close()
})
