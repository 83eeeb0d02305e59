// Sources, their differences and findings in a real browser: a table is imported, what it tells is adopted or set aside, and what was
// seen is what is done.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { buildConsole } from '../../scripts/console.ts'
import {
  assertHarmless,
  findViolations,
  isShown,
  narrow,
  openBrowser,
  openPage,
  signInBy,
  type Watched,
  wide,
} from './browser.ts'
import { type Estate, openEstate, payload } from './estate.ts'

const pictures = process.env.CADASTRE_TEST_PICTURES
const requestsMax = 6
let estate: Estate
let browser: Browser
let olga: Watched

before(async () => {
  await buildConsole()
  estate = await openEstate()
  browser = await openBrowser()
  olga = await openPage(browser, estate.url)
  await signInBy(olga, await estate.linkFor('olga', 'organization-administrator'))
  await isShown(olga, 'Overview')
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
})
after(async () => {
  await browser?.close()
  await estate?.remove()
})

/** Goes there, wide and light, and narrow and dark, and looks at what holds of every page. */
async function look(name: string): Promise<void> {
  const { page } = olga
  // What points at a button that cannot be used stays where that was when the window grows narrow.
  await page.getByRole('heading', { level: 1 }).click()
  for (const [size, colorScheme, suffix] of [
    [narrow, 'dark', '-narrow'],
    [wide, 'light', ''],
  ] as const) {
    await page.setViewportSize(size)
    await page.emulateMedia({ colorScheme })
    await assertHarmless(olga, name)
    assert.deepEqual(await findViolations(olga), [], `${name}, ${colorScheme}`)
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}${suffix}.png`), fullPage: true })
  }
}
const go = async (path: string, heading?: string | RegExp): Promise<void> => {
  olga.clear()
  await olga.page.goto(`${estate.url}/console${path}`)
  await isShown(olga, heading)
  assert.ok(olga.asked.length <= requestsMax, `${path}: ${olga.asked.length} requests: ${olga.asked.join(' ')}`)
}
const choose = async (field: string, option: string | RegExp): Promise<void> => {
  const { page } = olga
  await page.getByRole('button', { name: new RegExp(`^${field}`) }).click()
  await page.getByRole('option', { name: option }).first().click()
}

const header = 'Netz;Beschreibung;Konto'
const rows = [
  '10.20.64.0/24;Office;network',
  `10.20.65.0/24;${payload.replaceAll(/[;"]/g, ' ')};network`,
  '10.20.66.0/24;Guests;network',
  '10.20.67.9/24;Host bits;network',
  '10.20.68.0/24;Of nobody;nobody-here',
]
const tableOf = (lines: readonly string[]) => ({
  name: 'branches.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from([header, ...lines, ''].join('\n')),
})
const chooseFile = (lines: readonly string[]): Promise<void> =>
  olga.page.getByLabel('Table').setInputFiles(tableOf(lines))

let sourcePath: string
test('a source is made, and a table is imported once nothing is wrong at any row and column', async () => {
  const { page } = olga
  await go('/sources', 'Estate')
  await page.getByRole('button', { name: 'Make a source' }).click()
  await isShown(olga, 'Make a source')
  await page.getByRole('button', { name: 'Make the source' }).click()
  await page.getByText('Say what it is called.').waitFor()
  await page.getByRole('textbox', { name: 'Name' }).fill('branches')
  await choose('Kind', 'csv')
  await choose('Tells of', /^network/)
  await choose('Scope', /ipam-scope-/)
  await look('source-new')
  await page.getByRole('button', { name: 'Make the source' }).click()
  await isShown(olga, 'branches')
  sourcePath = new URL(page.url()).pathname.replace(/^\/console/, '')
  await page.getByRole('button', { name: 'Run', exact: true }).focus()
  await page.getByRole('tooltip').getByText('A collector runs where the credentials are').waitFor()

  await page.getByRole('button', { name: 'Import a table' }).click()
  await isShown(olga, 'Import a table into branches')
  await chooseFile(rows)
  // The command line does not guess that column either: a person says it, and the address of the page keeps it.
  await choose('Konto', /^account/)
  await page.getByRole('row', { name: /^5 Wrong Netz/ }).waitFor()
  await page.getByRole('button', { name: 'Check' }).click()
  await page.getByText('It would bring 3 new, 0 changed, 0 missing, 0 gone').waitFor()
  await page.getByRole('row', { name: /^6 Wrong Konto/ }).waitFor()
  await look('import')
  assert.match(new URL(page.url()).searchParams.get('columns')!, /account=Konto/)
  const button = page.getByRole('button', { name: 'Import 3 rows' })
  await button.focus()
  await page.getByRole('tooltip').getByText('2 rows are wrong').waitFor()
  await page.getByRole('button', { name: 'Remove file 1' }).click()
  await chooseFile(rows.slice(0, 3))
  await page.getByRole('button', { name: 'Check' }).click()
  await page.getByText('It would bring 3 new').waitFor()
  await button.click()
  await page.getByText(/^Run \d+: 3 new, 0 changed, 0 missing, 0 gone$/).waitFor()
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Every row as CSV' }).first().click()
  const csv = await readFile(await (await saved).path(), 'utf8')
  assert.equal(csv.trim().split('\r\n').length, 4)
  assert.deepEqual(olga.said, [])
})

test('what was shown is adopted, what has changed meanwhile is named, and the rest is ignored and opened again', async () => {
  const { page } = olga
  await go(sourcePath, 'branches')
  await look('source')
  await page.getByRole('link', { name: '3 open: Not registered' }).click()
  await isShown(olga, 'Differences of branches')
  await look('differences')
  await page.getByRole('checkbox', { name: 'Choose Not registered 10.20.64.0/24' }).check()
  await page.getByRole('checkbox', { name: 'Choose Not registered 10.20.65.0/24' }).check()
  await page.getByRole('button', { name: 'Adopt 2…' }).click()
  await isShown(olga, 'Adopt: differences of branches')
  await page.getByText('2 adopted').waitFor()
  await look('adopt')
  // Meanwhile another table says something else of one of them.
  const other = await olga.context.newPage()
  await other.goto(
    `${estate.url}/console${sourcePath}/import?columns=${encodeURIComponent('network=Netz,name=Beschreibung,account=Konto')}`,
  )
  await other.getByLabel('Table').setInputFiles(tableOf(['10.20.64.0/24;Renamed;network', ...rows.slice(1, 3)]))
  await other.getByRole('button', { name: 'Check' }).click()
  await other.getByRole('button', { name: 'Import 3 rows' }).click()
  await other.getByText(/^Run \d+: 0 new, 1 changed/).waitFor()
  await other.close()
  await page.getByRole('button', { name: 'Adopt 2' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Adopt 2' }).click()
  await page.getByText('1 refused, 1 adopted').waitFor()
  await page.getByText('It says something else than what was shown.').waitFor()
  await look('adopted')

  await go(`${sourcePath}/act/ignore?within=10.20.66.0/24`, 'Ignore: differences of branches')
  await page.getByRole('button', { name: 'Ignore 1' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Ignore 1' }).click()
  await dialog.getByText('Say why.').waitFor()
  await dialog.getByRole('textbox', { name: 'Reason' }).fill(payload)
  await dialog.getByRole('button', { name: 'Ignore 1' }).click()
  // The preview said already what would become of it: only this says that it has.
  await page.getByText('They are set aside.').waitFor()
  await page.getByText('1 ignored').first().waitFor()
  await go(`${sourcePath}/differences?state=ignored`, 'Differences of branches')
  await page.getByRole('link', { name: 'Not registered' }).click()
  await isShown(olga, 'Not registered: 10.20.66.0/24')
  await look('difference')
  await page.getByRole('link', { name: /^finding-/ }).click()
  await isShown(olga, /10\.20\.66\.0\/24.*nobody has registered it/)
  await look('finding')
  const resolve = page.getByRole('button', { name: 'Resolve' })
  await resolve.focus()
  await page.getByRole('tooltip').getByText('It resolves by itself').waitFor()
  await page.getByRole('button', { name: 'Open again', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Open again' }).click()
  await page.getByText('The finding is open again.').waitFor()
  await page.getByRole('button', { name: 'Set aside' }).click()
  await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('Known')
  await page.getByRole('dialog').getByRole('button', { name: 'Set aside' }).click()
  await page.getByText('The finding is set aside.').waitFor()
  assert.deepEqual(olga.said, [])
})

test('a report of any day is a link, and its numbers lead to their findings', async () => {
  const { page } = olga
  await go('/compliance?by=account', 'Compliance')
  await page.getByRole('heading', { name: 'How it went' }).waitFor()
  await look('compliance-trend')
  const [before] = await page.getByRole('link', { name: /^\d{4}-\d\d-\d\d: / }).all()
  await before!.click()
  await page.getByText('Findings are listed as they are now.').waitFor()
  assert.match(new URL(page.url()).searchParams.get('day')!, /^\d{4}-\d\d-\d\d$/)
  await go('/findings?status=suppressed', 'Findings')
  await page.getByRole('row').nth(1).getByRole('link').first().click()
  await isShown(olga, /nobody has registered it/)
})

test('the settings of a source are changed, a run tells what it brought, and a source is deleted', async () => {
  const { page } = olga
  await go(sourcePath, 'branches')
  await page.getByRole('link', { name: '1', exact: true }).click()
  await isShown(olga, 'Run 1 of branches')
  await look('run')
  await go(`${sourcePath}/edit`, 'Settings of branches')
  await page.getByRole('textbox', { name: 'Expected to tell of space' }).fill('10.64.0.0/33')
  await page.getByRole('button', { name: 'Save' }).click()
  await page
    .getByText(/10\.64\.0\.0\/33/)
    .last()
    .waitFor()
  await page.getByRole('textbox', { name: 'Expected to tell of space' }).fill('10.20.0.0/16')
  await page.getByRole('button', { name: 'Save' }).click()
  await isShown(olga, 'branches')
  await page.getByText('The settings are changed.').waitFor()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await isShown(olga, 'Estate')
  await page.getByText('Nothing tells yet what exists.').waitFor()
})
