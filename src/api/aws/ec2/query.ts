// Requests of the EC2 Query protocol: which operation a form asks for, and its input, typed and checked by the service model.
import type { Ec2Input, Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { ec2Model, type Member } from '#formats/aws/service-model.ts'
import { refuse } from '#model/refusal.ts'
import type { Form } from '../form.ts'
import { compileInputs, type QueryDialect } from '../query-input.ts'

/** The documented number of values that one filter may have. */
export const filterValuesMax = 200

const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

/** `queryName`, else `locationName` with a capital, else the member's name with one; lists are always `Name.N`. */
export function ec2KeyOf(name: string, member: Member): string {
  return member.queryName ?? upperFirst(member.locationName ?? name)
}

const dialect: QueryDialect = {
  keyOf: ec2KeyOf,
  listWord: undefined,
  openEnumerations: new Set(['IpamPolicyResourceType', 'IpamPoolAllocationResourceType', 'ResourceType']),
  listLimits: { 'Filter.Values': { what: { of: 'filter-values' }, limit: filterValuesMax } },
}

const inputs = compileInputs(ec2Model, dialect)

export function isEc2Operation(name: string): name is Ec2Operation {
  return inputs.has(name)
}

/** The operation that a form names. Refuses a version other than 2016-11-15, and an action that the model does not have. */
export function readEc2Action(form: Form): Ec2Operation {
  const action = form.children?.get('Action')?.value
  if (!action) return refuse({ code: 'MissingParameter', field: 'Action' })
  const version = form.children?.get('Version')?.value
  if (!version) return refuse({ code: 'MissingParameter', field: 'Version' })
  if (version !== ec2Model.metadata.apiVersion || !isEc2Operation(action)) {
    return refuse({ code: 'InvalidAction', action, version })
  }
  return action
}

/** The input of an operation: an object without a prototype, keyed by member names. Every refusal names the wire parameter. */
export function readInput<Name extends Ec2Operation>(name: Name, form: Form): Ec2Input[Name] {
  // The table was compiled from the same model that the types were generated from.
  return inputs.get(name)!(form) as Ec2Input[Name]
}
