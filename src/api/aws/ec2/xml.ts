// Answers of the EC2 Query protocol: outputs and errors as XML.
import type { Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { ec2Model } from '#formats/aws/service-model.ts'
import { compileOutputs, escapeXml } from '../xml-output.ts'

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
const namespace = 'http://ec2.amazonaws.com/doc/2016-11-15/'

const writers = compileOutputs(ec2Model, {
  elementOf: (name, { locationName }) => locationName ?? name,
  itemOf: ({ member }) => member?.locationName ?? 'item',
})

/** The whole answer to an operation. Members that are undefined are left out; timestamps are milliseconds since 1970. */
export function writeResponse(operation: Ec2Operation, output: unknown, requestId: string): string {
  const inside = writers.get(operation)!(output)
  return `${declaration}<${operation}Response xmlns="${namespace}"><requestId>${requestId}</requestId>${inside}</${operation}Response>`
}

/** The body of every EC2 error. Note its `RequestID`, which successes spell `requestId`. */
export function writeError(code: string, message: string, requestId: string): string {
  return `${declaration}<Response><Errors><Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error></Errors><RequestID>${requestId}</RequestID></Response>`
}
