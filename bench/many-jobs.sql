-- 100,000 jobs for tests and for bench/api, in an instant (the one parameter: their settings). ManyJobs says what is among them.
INSERT INTO models (id, owner, name, former_name, deleted_at, source, status, attempt, version, files, fetched, fetch_total, created_at)
SELECT ('00000000-0000-7000-8000-' || lpad(m::text, 12, '0'))::uuid, '',
    CASE WHEN m < 4 THEN 'model-' || m END, CASE WHEN m = 4 THEN 'retired' END, CASE WHEN m = 4 THEN now() END,
    CASE WHEN m >= 10000 THEN 'hf:org/once-' || m WHEN m >= 50 THEN 'hf:org/twice'
        WHEN m >= 10 THEN 'hf:org/moving' ELSE 'hf:org/model-' || m END,
    'ready', 1, 1, '[]', 0, 0, now()
FROM (SELECT generate_series(0, 4) UNION SELECT generate_series(10, 51) UNION SELECT generate_series(10000, 19999)) AS t(m);

INSERT INTO datasets (id, owner, name, source, status, attempt, version, files, fetched, fetch_total, created_at)
SELECT ('00000000-0000-7000-8000-' || lpad(d::text, 12, '0'))::uuid, '', CASE WHEN d = 4 THEN 'first' WHEN d < 4 THEN 'dataset-' || d END,
    CASE WHEN d > 4 THEN 'hf:org/once-' || d ELSE 'upload' END, 'ready', 1, 1, '[]', 0, 0, now()
FROM (SELECT generate_series(0, 4) UNION SELECT generate_series(10000, 19999)) AS t(d);

CREATE TEMPORARY TABLE made AS SELECT i,
    (lpad(to_hex(i), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid AS id,
    CASE WHEN i > 99990 THEN 'running' WHEN i > 99900 THEN 'queued' WHEN i % 10 = 0 THEN 'failed'
        WHEN i < 30000 AND i % 10 = 1 THEN 'cancelled' ELSE 'succeeded' END AS status
FROM generate_series(1, 100000) AS t(i);

INSERT INTO jobs (id, owner, name, status, version, method, settings, service_version, model_id, dataset_id, created_at, result, score)
SELECT id, '', 'job ' || i, status, 9, CASE WHEN i < 20000 AND i % 3 = 0 THEN 'lora' ELSE 'lora-drop' END, {0}, '0.1.0',
    ('00000000-0000-7000-8000-' || lpad((CASE WHEN i < 1000 THEN 4 WHEN i % 50 = 7 THEN 10 + i / 50 % 40
        WHEN i % 50 = 8 THEN 50 + i / 50 % 2 ELSE i % 4 END)::text, 12, '0'))::uuid,
    ('00000000-0000-7000-8000-' || lpad((CASE WHEN i < 2000 THEN 4 ELSE i / 4 % 4 END)::text, 12, '0'))::uuid,
    now() - (100000 - i) * interval '1 minute', CASE WHEN status = 'succeeded' THEN repeat('r', 300) END, 0.9
FROM made;

INSERT INTO stages (job_id, stage, status, attempt, ended_attempt, interruptions, failures, kills, priority, memory, estimated_memory,
    format, pass_tokens, step, steps, queued_at)
SELECT id, 'importance-evaluation', CASE status WHEN 'failed' THEN 'succeeded' ELSE status END,
    1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 10, 10, now() FROM made
UNION ALL
SELECT id, 'task-adaptation', CASE WHEN status IN ('queued', 'running') THEN 'waiting' ELSE status END,
    1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 100, 100, now() FROM made;

INSERT INTO job_labels (job_id, name, value)
SELECT id, 'team', 'team-' || i % 7 FROM made
UNION ALL SELECT id, 'era', CASE WHEN i < 15000 THEN 'early' ELSE 'late' END FROM made
UNION ALL SELECT id, 'ticket', i::text FROM made WHERE i % 100 = 0;
