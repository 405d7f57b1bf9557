// What the composer offers while a person types: commands after "/", people and groups after "@", channels after "#".

const MOST = 8;

/** Command of a text such as "/deploy api", when the workspace has it. */
export function commandOf(text, commands) {
  const word = text.match(/^(\/\S+)/)?.[1];
  return commands.find((one) => one.command === word) ?? null;
}

function named(people) {
  const users = [...people.users.values()].filter((user) => user.id !== "USLACKBOT")
    .map((user) => ({ name: user.name, detail: user.real_name, code: `<@${user.id}>`, user }));
  const groups = [...people.usergroups.values()]
    .map((group) => ({ name: group.handle, detail: group.name, code: `<!subteam^${group.id}>` }));
  return [...users, ...groups];
}

const matching = (list, typed) => list.filter((one) => one.name.toLowerCase().startsWith(typed)
  || (one.detail ?? "").toLowerCase().startsWith(typed)).slice(0, MOST);

/** `{start, options}` for the word that ends at the caret, or null; an option has {insert, title, detail, hint}. */
export function completions(before, workspace) {
  const command = before.match(/^\/(\S*)$/);
  if (command) {
    const options = workspace.commands.filter((one) => one.command.startsWith(`/${command[1].toLowerCase()}`))
      .map((one) => ({ insert: `${one.command} `, title: one.command, detail: one.description, hint: one.usage_hint }));
    return options.length ? { start: 0, options } : null;
  }
  const word = before.match(/(?:^|\s)([@#])([\w.-]*)$/);
  if (!word) return null;
  const [, sign, typed] = word;
  const list = sign === "@" ? named(workspace.people)
    : workspace.channels.filter((one) => !one.is_im).map((one) => ({ name: one.name, detail: one.topic }));
  const options = matching(list, typed.toLowerCase())
    .map((one) => ({ insert: `${sign}${one.name} `, title: `${sign}${one.name}`, detail: one.detail, user: one.user }));
  return options.length ? { start: before.length - typed.length - 1, options } : null;
}

/** The text as Slack's client sends it: three characters escaped, names replaced by their ids. */
export function encoded(text, people) {
  const escaped = text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);
  const codes = new Map(named(people).map((one) => [one.name.toLowerCase(), one.code]));
  const rooms = new Map([...people.channels.values()].map((one) => [one.name, `<#${one.id}|${one.name}>`]));
  return escaped
    .replace(/(^|[\s(])@(channel|here|everyone)\b/g, "$1<!$2>")
    .replace(/(^|[\s(])@([\w.-]*\w)/g, (all, lead, name) => {
      const code = codes.get(name.toLowerCase());
      return code ? lead + code : all;
    })
    .replace(/(^|[\s(])#([\w-]+)/g, (all, lead, name) => (rooms.has(name) ? lead + rooms.get(name) : all));
}

/** The reverse: an encoded text as a person would type it. */
export function decoded(text, people) {
  const names = new Map(named(people).map((one) => [one.code, `@${one.name}`]));
  return String(text ?? "")
    .replace(/<(@[UW]\w+|!subteam\^\w+)(?:\|[^<>]*)?>/g, (all, target) => names.get(`<${target}>`) ?? all)
    .replace(/<!(channel|here|everyone)(?:\|[^<>]*)?>/g, "@$1")
    .replace(/<#(\w+)(?:\|[^<>]*)?>/g, (all, id) => (people.channels.has(id) ? `#${people.channels.get(id).name}` : all))
    .replace(/&(lt|gt|amp);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&" })[name]);
}
