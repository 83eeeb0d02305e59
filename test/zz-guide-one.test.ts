import { runPages } from './guide/run.ts'
import { freePort } from './postgres.ts'
import { test } from 'node:test'
test('page', async () => { await runPages(['docs/guide/first-steps.md', ...process.env.PAGES!.split(',')], { stands: { 7420: String(await freePort()) } }) })
