# SPDX-License-Identifier: Apache-2.0
"""Asking for batches and waiting for their jobs. Knows no rule of them."""
import csv
import io

from kit.house import wait_for

ENDED = "done", "failed", "cancelled"


def ask(client, action, rows, *, gives=202, key=None, **head):
    """The job, as it is at first."""
    answer = client.post("/batches", {"action": action, "rows": rows, **head}, gives=gives, key=key)
    return answer["job"] if gives == 202 else answer


def ask_table(client, action, text, *, gives=202, kind="text/csv", key=None, **parameters):
    headers = {"Content-Type": kind, **({"Idempotency-Key": key} if key else {})}
    answer = client.expect(gives, "POST", "/batches", params={"action": action, **parameters}, headers=headers,
                           data=text if isinstance(text, bytes) else text.encode())
    return answer["job"] if gives == 202 else answer


def table(*rows):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def ended(client, job, state=None):
    """The job once it has ended."""
    last = wait_for("the job", lambda: (now := client.get(f"/jobs/{job['id']}"))["state"] in ENDED and now)
    assert state is None or last["state"] == state, last
    return last


def done(client, action, rows, state="done", **head):
    return ended(client, ask(client, action, rows, **head), state)


def rows_of(client, job, **parameters):
    return client.pages(f"/batches/{job['batch_id']}/rows", **parameters)


def written(house):
    """A job's transaction that has written, and for a while has asked the database for nothing more: it waits for
    somebody else. Its session is "active" all the while, since its last lines wait for no answer."""
    return house.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'skillsd job' AND wait_event = 'ClientRead'"
                     " AND backend_xid IS NOT NULL AND state_change < clock_timestamp() - interval '1 second'")


def credentials_of(client, job):
    return [client.get(f"/credentials/{row['credential_id']}") for row in rows_of(client, job, state="done")]
