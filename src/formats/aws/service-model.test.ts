// The service models and what is made from them agree.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ec2Model, organizationsModel, type ServiceModel, stsModel } from './service-model.ts'

test('the generated types are what scripts/models.ts writes', () => {
  const script = fileURLToPath(new URL('../../../scripts/models.ts', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})

test('every shape that an operation reaches is in its model, and no input or output contains itself', () => {
  const walk = (model: ServiceModel, name: string, above: readonly string[]): void => {
    const shape = model.shapes[name]
    assert(shape, `${above.join(' > ')} > ${name}`)
    // The readers and writers of the API are compiled by plain recursion.
    assert(!above.includes(name), `${above.join(' > ')} > ${name}`)
    for (const member of Object.values(shape.members ?? {})) walk(model, member.shape, [...above, name])
    if (shape.member) walk(model, shape.member.shape, [...above, name])
  }
  for (const model of [ec2Model, organizationsModel, stsModel]) {
    for (const { input, output } of Object.values(model.operations)) {
      if (input) walk(model, input, [])
      if (output) walk(model, output, [])
    }
  }
  assert.equal(Object.keys(ec2Model.operations).length, 180)
})
