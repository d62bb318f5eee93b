/** Typed search attributes of Tidemark's workflows, registered at boot: a start with an unknown one fails. */
export const SEARCH_ATTRIBUTES = {
  organisation: 'TidemarkOrganisation',
  kind: 'TidemarkKind',
  status: 'TidemarkStatus',
} as const;
