// The data of a contact that a request may give; new contacts and changes of saved ones share it.

import type { Json } from "../../types.ts";

export const CONTACT_INFO: Json = {
  name: "$new_name",
  phone: "$phone",
  email: "$email",
  company: "$company",
  address: "$address",
};
