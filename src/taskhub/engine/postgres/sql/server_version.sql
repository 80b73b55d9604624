-- Reads the version of the server, e.g. 15.4.
SELECT split_part(current_setting('server_version'), ' ', 1)
