// Whose semantics a policy can have.
export const semantics = [
  { value: 'strict', label: 'strict', description: 'What is not listed is denied.' },
  { value: 'aws', label: 'aws', description: 'Exactly those of Amazon VPC IPAM: what a caller names wins.' },
]
