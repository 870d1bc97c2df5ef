// The address book of the Android catalogue: look up, pick, show, add and change contacts.

import type { FunctionSchema, ParameterSchema } from "../types.ts";

const CONTACT_URI: ParameterSchema = {
  type: "string",
  description: "content:// URI of the contact, from pick_contact or get_contact_info.",
  extractive: true,
  format: "uri",
};

const field = (description: string, format?: string): ParameterSchema => ({
  type: "string",
  description,
  extractive: true,
  format,
});

/** Contact fields that can be filled in; the order is the order in which calls list them. */
const CONTACT_INFO: ParameterSchema = {
  type: "object",
  description: "Fields to fill in.",
  properties: {
    name: field("Full name."),
    phone: field("Phone number.", "phone"),
    email: field("E-mail address.", "email"),
    company: field("Employer."),
    address: field("Postal address."),
  },
};

export const CONTACT_FUNCTIONS: readonly FunctionSchema[] = [
  {
    name: "get_contact_info",
    description: "Looks a person up by name and returns one piece of their contact data.",
    parameters: {
      type: "object",
      properties: {
        name: { type: "string", description: "Name under which the person is saved.", extractive: true },
        key: {
          type: "string",
          description: "Which piece; uri is the reference that view_contact and edit_contact take.",
          enum: ["phone", "email", "address", "uri"],
        },
      },
      required: ["name", "key"],
    },
    returns: { type: "string", description: "The number, e-mail address, postal address or URI." },
  },
  {
    name: "get_contact_info_from_uri",
    description: "Returns one piece of the contact data behind a contact URI.",
    parameters: {
      type: "object",
      properties: {
        contact_uri: CONTACT_URI,
        key: { type: "string", description: "Which piece.", enum: ["phone", "email", "address"] },
      },
      required: ["contact_uri", "key"],
    },
    returns: { type: "string", description: "The number, e-mail address or postal address." },
  },
  {
    name: "pick_contact",
    description: "Lets the user choose a person, or one piece of a person's data, from the address book.",
    parameters: {
      type: "object",
      properties: {
        data_type: {
          type: "string",
          description: "What to choose; a whole contact when left out.",
          enum: ["all", "phone", "email", "address"],
          default: "all",
        },
      },
    },
    returns: { type: "string", description: "content:// URI of what was chosen.", format: "uri" },
  },
  {
    name: "view_contact",
    description: "Shows the card of a contact.",
    parameters: { type: "object", properties: { contact_uri: CONTACT_URI }, required: ["contact_uri"] },
  },
  {
    name: "edit_contact",
    description: "Opens a saved contact for editing, with new values filled in.",
    parameters: {
      type: "object",
      properties: { contact_uri: CONTACT_URI, contact_info: CONTACT_INFO },
      required: ["contact_uri"],
    },
  },
  {
    name: "insert_contact",
    description: "Opens the form for a new contact, filled in with what is known.",
    parameters: { type: "object", properties: { contact_info: CONTACT_INFO }, required: ["contact_info"] },
  },
];
