// The shape of AWS service model data, and the three models that Cadastre serves.
import ec2Json from './models/ec2.json' with { type: 'json' }
import organizationsJson from './models/organizations.json' with { type: 'json' }
import stsJson from './models/sts.json' with { type: 'json' }

export interface Member {
  readonly shape: string
  /** The element's name in an answer; upper-cased, the key in a request that has no `queryName`. */
  readonly locationName?: string
  readonly queryName?: string
  readonly idempotencyToken?: boolean
}

export interface Shape {
  readonly type: string
  readonly members?: Readonly<Record<string, Member>>
  readonly required?: readonly string[]
  readonly member?: Member
  readonly enum?: readonly string[]
  /** Of a number its value, of a string its length in characters, of a list its number of items. */
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly sensitive?: boolean
  readonly exception?: boolean
}

export interface OperationModel {
  readonly input?: string
  readonly output?: string
  readonly resultWrapper?: string
  readonly errors?: readonly string[]
}

export interface ServiceModel {
  readonly metadata: {
    readonly apiVersion: string
    readonly protocol: string
    readonly xmlNamespace?: string
    readonly targetPrefix?: string
  }
  readonly operations: Readonly<Record<string, OperationModel>>
  readonly shapes: Readonly<Record<string, Shape>>
}

export const ec2Model: ServiceModel = ec2Json
export const organizationsModel: ServiceModel = organizationsJson
export const stsModel: ServiceModel = stsJson
