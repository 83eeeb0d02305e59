// Requests of the AWS Query protocol as STS speaks it.
import { stsModel } from '#formats/aws/service-model.ts'
import type { StsInput, StsOperation } from '#formats/aws/sts.generated.ts'
import { refuse } from '#model/refusal.ts'
import type { Form } from '../form.ts'
import { compileInputs } from '../query-input.ts'

const inputs = compileInputs(stsModel, {
  keyOf: (name, member) => member.locationName ?? name,
  listWord: 'member',
  openEnumerations: new Set(),
  listLimits: {},
})

export function isStsOperation(name: string): name is StsOperation {
  return inputs.has(name)
}

/** The operation that a form names. Refuses a version other than 2011-06-15, and an action that the model does not have. */
export function readStsAction(form: Form): StsOperation {
  const action = form.children?.get('Action')?.value
  if (!action) return refuse({ code: 'MissingParameter', field: 'Action' })
  const version = form.children?.get('Version')?.value
  if (!version) return refuse({ code: 'MissingParameter', field: 'Version' })
  if (version !== stsModel.metadata.apiVersion || !isStsOperation(action)) {
    return refuse({ code: 'InvalidAction', action, version })
  }
  return action
}

/** The input of an operation: an object without a prototype, keyed by member names. */
export function readStsInput<Name extends StsOperation>(name: Name, form: Form): StsInput[Name] {
  // The table was compiled from the same model that the types were generated from.
  return inputs.get(name)!(form) as StsInput[Name]
}
