// Block Kit's interactive elements, drawn with the browser's own controls so that keyboards, phones and screen
// readers work. An element inside an input block only keeps what was entered; elsewhere it reports every change.
import { h, icon } from "./dom.js";
import { outward, safeAddress } from "./links.js";
import { openMenu } from "./menu.js";
import { plain, textObject } from "./mrkdwn.js";

const optionText = (option) => option?.text?.text ?? "";

function button(part, blockId, surface) {
  const waiting = surface.isWaiting(blockId, part.action_id);
  const style = part.style === "primary" || part.style === "danger" ? ` button-${part.style}` : "";
  const shared = {
    class: `button${style}`, "data-action-id": part.action_id, "data-testid": "action", title: part.text?.text,
    "aria-label": part.accessibility_label, "aria-busy": waiting ? "true" : null,
  };
  const words = [waiting && h("span", { class: "spinner", "aria-hidden": "true" }), h("span", null, plain(part.text?.text))];
  const press = () => surface.act(blockId, part, part.value);
  const href = part.url && safeAddress(part.url);
  if (href) return h("a", { ...shared, ...outward(href), on: { click: press } }, words);
  return h("button", { ...shared, type: "button", disabled: waiting, on: { click: press } }, words);
}

function choices(part, surface) {
  const people = (kind) => [...surface.people[kind].values()].filter((one) => !one.is_archived && !one.deleted)
    .map((one) => ({ value: one.id, text: { text: one.real_name ?? `#${one.name}` } }));
  if (/users_select$/.test(part.type)) return [{ options: people("users") }];
  if (/(channels|conversations)_select$/.test(part.type)) return [{ options: people("channels") }];
  return part.option_groups ?? [{ options: part.options ?? [] }];
}

const initialOf = (part) => part.initial_option?.value ?? part.initial_user ?? part.initial_channel ?? part.initial_conversation;

function select(part, blockId, surface, input) {
  const many = part.type.startsWith("multi_");
  const offered = many ? (part.initial_options ?? []).map((one) => one.value) : initialOf(part);
  const chosen = surface.valueOf(blockId, part.action_id, offered);
  const isChosen = (option) => (many ? (chosen ?? []).includes(option.value) : option.value === chosen);
  const entry = (option) => h("option", { value: option.value, selected: isChosen(option) }, optionText(option));
  const report = (event) => {
    const value = many ? [...event.target.selectedOptions].map((option) => option.value) : event.target.value;
    picked(part, blockId, surface, input, value, chosen);
  };
  return h("select", {
    class: many ? "control control-many" : "control", multiple: many, "data-action-id": part.action_id, "data-testid": "action",
    id: input && surface.fieldId(blockId, part.action_id), "aria-label": input ? null : part.placeholder?.text ?? "Choose",
    disabled: surface.isWaiting(blockId, part.action_id), on: { change: report },
  },
  !many && h("option", { value: "", disabled: !input?.optional, selected: chosen === undefined },
    part.placeholder?.text ?? "Choose an option"),
  choices(part, surface).map((group) => (group.label
    ? h("optgroup", { label: group.label.text }, (group.options ?? []).map(entry)) : (group.options ?? []).map(entry))));
}

async function picked(part, blockId, surface, input, value, before) {
  surface.enter(blockId, part.action_id, value);
  if (input && !input.dispatch_action) return;
  if (!(await surface.act(blockId, part, value))) {
    surface.enter(blockId, part.action_id, before);
    surface.changed();
  }
}

function overflow(part, blockId, surface) {
  const waiting = surface.isWaiting(blockId, part.action_id);
  const open = (event) => openMenu(event.currentTarget, (part.options ?? []).map((option) => ({
    nodes: plain(optionText(option)), detail: option.description?.text, value: option.value,
    href: option.url && safeAddress(option.url), pick: () => surface.act(blockId, part, option.value),
  })));
  return h("button", {
    class: "button button-overflow", type: "button", "data-action-id": part.action_id, "data-testid": "action",
    "aria-label": "More actions", "aria-haspopup": "menu", disabled: waiting, "aria-busy": waiting ? "true" : null,
    on: { click: open },
  }, waiting ? h("span", { class: "spinner" }) : icon("more"));
}

function boxes(part, blockId, surface, input) {
  const single = part.type === "radio_buttons";
  const offered = single ? [part.initial_option?.value] : (part.initial_options ?? []).map((one) => one.value);
  const stored = surface.valueOf(blockId, part.action_id, undefined);
  const chosen = stored === undefined ? offered.filter((value) => value !== undefined) : [].concat(stored);
  const name = surface.fieldId(blockId, part.action_id);
  const change = (event) => {
    const ticked = [...event.currentTarget.querySelectorAll("input:checked")].map((box) => box.value);
    picked(part, blockId, surface, input, single ? ticked[0] : ticked, single ? chosen[0] : chosen);
  };
  return h("div", {
    class: "boxes", role: single ? "radiogroup" : "group", "data-action-id": part.action_id, "data-testid": "action",
    id: input && name, "aria-label": input?.label?.text, on: { change },
  }, (part.options ?? []).map((option) => h("label", { class: "box" },
    h("input", {
      type: single ? "radio" : "checkbox", name, value: option.value, checked: chosen.includes(option.value),
      disabled: surface.isWaiting(blockId, part.action_id),
    }),
    h("span", null, textObject(option.text, surface.people),
      option.description && h("span", { class: "muted box-detail" }, textObject(option.description, surface.people))))));
}

const PICKERS = {
  datepicker: { type: "date", initial: "initial_date", label: "Date" },
  timepicker: { type: "time", initial: "initial_time", label: "Time" },
};

function picker(part, blockId, surface, input) {
  const { type, initial, label } = PICKERS[part.type];
  const value = surface.valueOf(blockId, part.action_id, part[initial]);
  return h("input", {
    class: "control", type, value, "data-action-id": part.action_id, "data-testid": "action", "aria-label": input ? null : label,
    id: input && surface.fieldId(blockId, part.action_id), disabled: surface.isWaiting(blockId, part.action_id),
    on: { change: (event) => event.target.value && picked(part, blockId, surface, input, event.target.value, value) },
  });
}

/** Seconds since the epoch as the browser's own field writes them, in the reader's time zone. */
function localTime(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function momentPicker(part, blockId, surface, input) {
  const value = surface.valueOf(blockId, part.action_id, part.initial_date_time);
  const report = ({ target }) => target.value
    && picked(part, blockId, surface, input, Math.floor(new Date(target.value).getTime() / 1000), value);
  return h("input", {
    class: "control", type: "datetime-local", value: Number.isFinite(value) ? localTime(value) : null, "data-testid": "action",
    "data-action-id": part.action_id, "aria-label": input ? null : "Date and time",
    id: input && surface.fieldId(blockId, part.action_id), disabled: surface.isWaiting(blockId, part.action_id),
    on: { change: report },
  });
}

const FIELD_TYPES = { number_input: "number", email_text_input: "email", url_text_input: "url", plain_text_input: "text" };

function textField(part, blockId, surface, input) {
  const value = surface.valueOf(blockId, part.action_id, part.initial_value ?? "");
  const enter = (event) => surface.enter(blockId, part.action_id, event.target.value);
  const submit = (event) => {
    if (event.key !== "Enter" || part.multiline || event.isComposing) return;
    if (input?.dispatch_action) surface.act(blockId, part, event.target.value);
  };
  const shared = {
    class: "control", placeholder: part.placeholder?.text, maxlength: part.max_length, "data-action-id": part.action_id,
    "data-testid": "action", id: surface.fieldId(blockId, part.action_id), autofocus: part.focus_on_load || null,
    "aria-invalid": surface.errorOf(blockId) ? "true" : null, on: { input: enter, keydown: submit },
  };
  if (part.multiline) {
    const area = h("textarea", { ...shared, rows: 4 });
    area.value = value;
    return area;
  }
  return h("input", { ...shared, type: FIELD_TYPES[part.type], step: part.is_decimal_allowed ? "any" : null, value });
}

const RENDERERS = {
  button, overflow, checkboxes: boxes, radio_buttons: boxes, datepicker: picker, timepicker: picker,
  datetimepicker: momentPicker,
  ...Object.fromEntries(Object.keys(FIELD_TYPES).map((type) => [type, textField])),
  ...Object.fromEntries(["static", "users", "channels", "conversations"].flatMap((kind) =>
    [[`${kind}_select`, select], [`multi_${kind}_select`, select]])),
};

/** The node of an element; `input` is the input block around it, if it is in one. */
export function element(part, blockId, surface, input) {
  return Object.hasOwn(RENDERERS, part?.type)
    ? RENDERERS[part.type](part, blockId, surface, input)
    : h("span", { class: "muted" }, `(${part?.type} is not shown here)`);
}

/** What an element holds when nobody has touched it. */
export function initialValue(part) {
  const many = part.initial_options?.map((one) => one.value);
  return many ?? initialOf(part) ?? part.initial_value ?? part.initial_date ?? part.initial_time ?? part.initial_date_time;
}
