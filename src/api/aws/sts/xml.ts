// Answers of the AWS Query protocol as STS speaks it.
import { stsModel } from '#formats/aws/service-model.ts'
import type { StsOperation } from '#formats/aws/sts.generated.ts'
import { compileOutputs, escapeXml } from '../xml-output.ts'

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'

const writers = compileOutputs(stsModel, {
  elementOf: (name, { locationName }) => locationName ?? name,
  itemOf: ({ member }) => member?.locationName ?? 'member',
})

/** The whole answer to an operation: its result in an element of its own, and the request id beside it. */
export function writeStsResponse(operation: StsOperation, output: unknown, requestId: string): string {
  const wrapper = stsModel.operations[operation]!.resultWrapper!
  const inside = writers.get(operation)!.write(output)
  return `<${operation}Response xmlns="${namespace}"><${wrapper}>${inside}</${wrapper}><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`
}

/** The body of every STS error. `fault` says whose it is. */
export function writeStsError(
  { code, message, fault }: { code: string; message: string; fault: 'Sender' | 'Receiver' },
  requestId: string,
): string {
  return `<ErrorResponse xmlns="${namespace}"><Error><Type>${fault}</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`
}
