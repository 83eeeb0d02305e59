// Pictures of pages for the guide and the README: `npm run pictures` names the folder that they go to.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Watched, wide } from './browser.ts'

/** Text stays sharp, and a page is about 60 kB. */
const quality = 82
const across = 1400
const usual = 900

/** What can be seen of the page, of modest size; nothing where nobody wants pictures. */
export async function shoot({ page, context }: Watched, name: string, height = usual): Promise<void> {
  const folder = process.env.CADASTRE_TEST_PICTURES
  if (folder === undefined) return
  await page.setViewportSize({ width: across, height })
  await page.mouse.move(0, 0)
  const devtools = await context.newCDPSession(page)
  const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality })
  await devtools.detach()
  writeFileSync(join(folder, `${name}.webp`), Buffer.from(data, 'base64'))
  await page.setViewportSize(wide)
}
