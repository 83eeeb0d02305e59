// Answers of the EC2 Query protocol: outputs and errors as XML.
import type { Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { ec2Model } from '#formats/aws/service-model.ts'
import { compileOutputs, escapeXml, itemsPerPart } from '../xml-output.ts'

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
const namespace = 'http://ec2.amazonaws.com/doc/2016-11-15/'

/** What is between elements of the answer is not worth a turn. */
const bytesPerTurn = 1_024

const writers = compileOutputs(ec2Model, {
  elementOf: (name, { locationName }) => locationName ?? name,
  itemOf: ({ member }) => member?.locationName ?? 'item',
})

/** The whole answer to an operation. Members that are undefined are left out; timestamps are milliseconds since 1970. */
export function writeResponse(operation: Ec2Operation, output: unknown, requestId: string): string {
  const inside = writers.get(operation)!.write(output)
  return `${opening(operation, requestId)}${inside}${closing(operation)}`
}

const opening = (operation: Ec2Operation, requestId: string): string =>
  `${declaration}<${operation}Response xmlns="${namespace}"><requestId>${requestId}</requestId>`
const closing = (operation: Ec2Operation): string => `</${operation}Response>`

/** Whether an answer lists so much that it is written in parts. */
export const isLong = (output: unknown): boolean =>
  typeof output === 'object' &&
  Object.values(output ?? {}).some((member) => Array.isArray(member) && member.length > itemsPerPart)

/**
 * The same bytes, a part at a time: for 8 MB it takes as long as some hundred other requests.
 * @param nextTurn waited for after each part
 */
export async function writeLongResponse(
  operation: Ec2Operation,
  output: unknown,
  { requestId, nextTurn }: { readonly requestId: string; readonly nextTurn: () => Promise<void> },
): Promise<Buffer> {
  const parts = [Buffer.from(opening(operation, requestId))]
  for (const part of writers.get(operation)!.writeParts(output)) {
    parts.push(Buffer.from(part))
    if (part.length >= bytesPerTurn) await nextTurn()
  }
  parts.push(Buffer.from(closing(operation)))
  return Buffer.concat(parts)
}

/** The body of every EC2 error. Note its `RequestID`, which successes spell `requestId`. */
export function writeError(code: string, message: string, requestId: string): string {
  return `${declaration}<Response><Errors><Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error></Errors><RequestID>${requestId}</RequestID></Response>`
}
