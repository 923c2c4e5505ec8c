-- SPDX-License-Identifier: Apache-2.0
-- The database of skillsd and the user it belongs to, where they are not there yet.
SELECT 'CREATE ROLE skillsd LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'skillsd') \gexec
SELECT 'CREATE DATABASE skillsd OWNER skillsd' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'skillsd') \gexec
