// SPDX-License-Identifier: Apache-2.0
// What others would write for a person's holdings: peers.mjs fastify|postgraphile PORT, with libpq's environment. fastify:
// GET /api/v1/people/ID/holdings by a prepared statement over a pool, SQL in the variable SQL with $1 for the person.
// postgraphile: POST /graphql of what stands in the schema "bench". Nobody signs in. Says "ready".
import { createServer } from 'node:http';
import pg from 'pg';

const [kind, port] = process.argv.slice(2);
const pool = new pg.Pool({ host: process.env.PGHOST, max: 8 });

function holding(row) {
	return {
		person: { id: row.person_id, name: row.person }, skill: { id: row.skill_id, label: row.skill }, level: row.level, verified: true,
		expires_at: row.expires_at === Infinity ? undefined : row.expires_at,
		because: [{ credential_id: row.credential_id, achievement: { id: row.achievement_id, version: row.achievement_number, name: row.achievement },
			issuer: { id: row.issuer_id, name: row.issuer }, issued_at: row.issued_at }],
	};
}

async function serveFastify() {
	const { default: fastify } = await import('fastify');
	const app = fastify();
	app.get('/api/v1/people/:id/holdings', async (request) => {
		const { rows } = await pool.query({ name: 'holdings', text: process.env.SQL, values: [request.params.id] });
		return { items: rows.map(holding) };
	});
	await app.listen({ host: '127.0.0.1', port: Number(port) });
}

async function servePostgraphile() {
	const { postgraphile } = await import('postgraphile');
	const handler = postgraphile(pool, 'bench', { disableQueryLog: true, graphqlRoute: '/graphql', retryOnInitFail: false });
	await new Promise((ready) => createServer(handler).listen(Number(port), '127.0.0.1', ready));
}

await (kind === 'fastify' ? serveFastify() : servePostgraphile());
console.log('ready');
