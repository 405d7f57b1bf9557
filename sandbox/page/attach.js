// Posting a file that the person chose.
import { post, reason } from "./api.js";
import { encoded } from "./completion.js";

const LARGEST = 8 * 1024 * 1024; // bytes; the server takes no more

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.split(",")[1] ?? ""));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

/** Post a file with a text or none; what went wrong is said where the person is. */
export async function postFile(workspace, channel, thread, file, text) {
  if (file.size > LARGEST || file.size === 0) {
    workspace.notice(channel, "That was not posted. A file has between 1 byte and 8 MB here.", thread);
    return;
  }
  const answer = await post("file", {
    user: workspace.people.me, channel, thread_ts: thread ?? null, name: file.name, content: await base64(file),
    text: encoded(text, workspace.people),
  });
  if (!answer.ok) workspace.notice(channel, `That was not posted. ${reason(answer)}`, thread);
}
