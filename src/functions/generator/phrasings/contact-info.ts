// The data of a contact that a request may give; new-contacts.ts and nested-contacts.ts share it.

import type { Json } from "../../types.ts";

export const CONTACT_INFO: Json = {
  name: "$new_name",
  phone: "$phone",
  email: "$email",
  company: "$company",
  address: "$address",
};
