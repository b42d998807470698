// What a user of OpenAI's own client does: sends a file, starts jobs, follows them, reads what they leave, and meets their errors. Prints one JSON object with all that it saw.
const [home, baseURL, model, chatFile, brokenFile] = process.argv.slice(2);
const fs = require('fs'), { setTimeout: sleep } = require('timers/promises');
const OpenAI = require(home + '/node_modules/openai');
const client = new OpenAI.OpenAI({ apiKey: 'no key is asked for', baseURL, maxRetries: 0 });
const jobs = client.fineTuning.jobs;

const settings = more => ({ type: 'lora-drop', lora_drop: { lora: { rank: 2 }, importance: { sampleRatio: 0.2, epochs: 3 }, sharing: { keep: 1 }, training: { epochs: 2, batchSize: 8, evaluateEvery: 4, ...more } } });

async function end(id, seen = []) {
  for (;;) {
    const job = await jobs.retrieve(id);
    if (seen.at(-1) !== job.status) seen.push(job.status);
    if (['succeeded', 'failed', 'cancelled'].includes(job.status)) return job;
    await sleep(20);
  }
}

async function all(page) {
  const items = [];
  for await (const item of page) items.push(item);
  return items;
}

async function error(promise) {
  try {
    return await promise;
  } catch (e) {
    return { class: e.constructor.name, status: e.status, type: e.type, code: e.code, param: e.param, message: e.message };
  }
}

(async () => {
  const file = await client.files.create({ file: fs.createReadStream(chatFile), purpose: 'fine-tune' });
  const created = await jobs.create({ model, training_file: file.id, method: settings(), suffix: 'Moods of films', metadata: { team: 'search' }, seed: 7 });
  const statuses = [created.status];
  const job = await end(created.id, statuses);

  const events = await all(jobs.listEvents(job.id, { limit: 3 }));
  const checkpoints = await all(jobs.checkpoints.list(job.id, { limit: 1 }));
  const results = await all(client.files.list({ purpose: 'fine-tune-results', limit: 2 }));
  const config = results.find(f => f.filename === 'adapter/adapter_config.json');
  const adapter = config && await (await client.files.content(config.id)).json();
  const sent = await (await client.files.content(file.id)).text();
  const models = await all(client.models.list());
  const made = job.fine_tuned_model && await client.models.retrieve(job.fine_tuned_model);

  const long = await jobs.create({ model, training_file: file.id, method: settings({ epochs: 100000 }) });
  while (!['running'].includes((await jobs.retrieve(long.id)).status)) await sleep(20);
  await jobs.pause(long.id);
  while ((await jobs.retrieve(long.id)).status !== 'paused') await sleep(20);
  const resumed = await jobs.resume(long.id);
  await jobs.cancel(long.id);
  const cancelled = await end(long.id);

  const broken = await client.files.create({ file: fs.createReadStream(brokenFile), purpose: 'fine-tune' });
  const failed = await end((await jobs.create({ model, training_file: broken.id, hyperparameters: { n_epochs: 'auto' } })).id);

  const listed = await all(jobs.list({ limit: 1 }));
  const searched = await all(jobs.list({ metadata: { team: 'search' } }));
  const errors = {
    unknownJob: await error(jobs.retrieve('ftjob-none')),
    unknownFile: await error(client.files.retrieve(broken.id.slice(0, -2) + 'AA')),
    unknownModel: await error(client.models.retrieve('gpt-4o-mini')),
    notAField: await error(jobs.create({ model, training_file: file.id, temperature: 1 })),
    threshold: await error(jobs.create({ model, training_file: file.id, method: { type: 'lora-drop', lora_drop: { sharing: { threshold: 2 } } } })),
    dpo: await error(jobs.create({ model, training_file: file.id, method: { type: 'dpo' } })),
    noFile: await error(jobs.create({ model, training_file: 'file-abc123' })),
    ended: await error(jobs.cancel(job.id)),
    purpose: await error(client.files.create({ file: fs.createReadStream(chatFile), purpose: 'batch' })),
    notThere: await error(client.chat.completions.create({ model, messages: [] })),
    baseModel: await error(client.models.delete(model)),
  };
  const deletedModel = await client.models.delete(job.fine_tuned_model);
  const gone = await error(client.models.retrieve(job.fine_tuned_model));
  const deletedFile = await client.files.delete(file.id);
  const files = await all(client.files.list({ limit: 1 }));
  console.log(JSON.stringify({ file, created, statuses, job, events, checkpoints, results, adapter, sent, models, made, resumed, cancelled, failed, listed, searched, errors, deletedModel, gone, deletedFile, files }));
})().catch(e => { console.error(e); process.exit(1); });
