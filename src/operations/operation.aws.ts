// How operations of the AWS APIs are defined: their types come from the service models, and refusals name their parameters.
import type { Ec2Input, Ec2Operation, Ec2Output } from '#formats/aws/ec2.generated.ts'
import type {
  OrganizationsInput,
  OrganizationsOperation,
  OrganizationsOutput,
} from '#formats/aws/organizations.generated.ts'
import type { StsInput, StsOperation, StsOutput } from '#formats/aws/sts.generated.ts'
import { type Members, naming, type Sentences } from '#model/refusal.ts'
import type { ReadContext, ReadOperation, SaidInInput, WriteContext, WriteOperation } from './operation.ts'
import { withPageTokens } from './page-tokens.aws.ts'

/** How EC2 says what the native API says in headers. */
const said: SaidInInput = { clientToken: 'ClientToken', isDryRun: 'DryRun' }

/**
 * An EC2 operation that only reads. Its input and output types come from the service model by its name.
 * @param members what the members that our refusals name are called here
 */
export function ec2Read<Name extends Ec2Operation>(
  name: Name,
  run: (context: ReadContext, input: Ec2Input[Name]) => Promise<Ec2Output[Name]>,
  members: Members = {},
): ReadOperation<Ec2Input[Name], Ec2Output[Name]> {
  return {
    name,
    said,
    access: 'read',
    run: (context, input) => naming(members, () => withPageTokens(context, `ec2:${name}`, input, run)),
  }
}

/**
 * An EC2 operation that changes something: it gets an audit entry and one effect per token.
 * @param sentences what EC2 says in place of our words
 */
export function ec2Write<Name extends Ec2Operation>(
  name: Name,
  run: (context: WriteContext, input: Ec2Input[Name]) => Promise<Ec2Output[Name]>,
  members: Members = {},
  sentences: Sentences = {},
): WriteOperation<Ec2Input[Name], Ec2Output[Name]> {
  return { name, said, access: 'write', run: (context, input) => naming(members, () => run(context, input), sentences) }
}

/** The same of one that is as long as whoever asks makes it (`isList`). */
export const ec2List = <Name extends Ec2Operation>(
  name: Name,
  run: (context: WriteContext, input: Ec2Input[Name]) => Promise<Ec2Output[Name]>,
  members: Members = {},
): WriteOperation<Ec2Input[Name], Ec2Output[Name]> => ({ ...ec2Write(name, run, members), isList: true })

/** An operation of AWS Organizations that only reads. */
export function organizationsRead<Name extends OrganizationsOperation>(
  name: Name,
  run: (context: ReadContext, input: OrganizationsInput[Name]) => Promise<OrganizationsOutput[Name]>,
  members: Members = {},
): ReadOperation<OrganizationsInput[Name], OrganizationsOutput[Name]> {
  return {
    name,
    access: 'read',
    run: (context, input) => naming(members, () => withPageTokens(context, `organizations:${name}`, input, run)),
  }
}

/** An operation of AWS Organizations that changes something. */
export function organizationsWrite<Name extends OrganizationsOperation>(
  name: Name,
  run: (context: WriteContext, input: OrganizationsInput[Name]) => Promise<OrganizationsOutput[Name]>,
  members: Members = {},
): WriteOperation<OrganizationsInput[Name], OrganizationsOutput[Name]> {
  return { name, access: 'write', run: (context, input) => naming(members, () => run(context, input)) }
}

/** An operation of STS that only reads. */
export function stsRead<Name extends StsOperation>(
  name: Name,
  run: (context: ReadContext, input: StsInput[Name]) => Promise<StsOutput[Name]>,
): ReadOperation<StsInput[Name], StsOutput[Name]> {
  return { name, access: 'read', run }
}

/** An operation of STS that hands out credentials, made of what `prepare` draws. */
export function stsWrite<Name extends StsOperation, Prepared>(
  name: Name,
  prepare: () => Prepared,
  run: (context: WriteContext, input: StsInput[Name], prepared: Prepared) => Promise<StsOutput[Name]>,
): WriteOperation<StsInput[Name], StsOutput[Name], Prepared> {
  return { name, access: 'write', secretOutput: true, prepare, run }
}
