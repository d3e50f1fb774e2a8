-- The access log is written thousands of times a second and looked through by a person now and then: an index would
-- cost each row seven times what the row itself does.
DROP INDEX access_log_by_time;
DROP INDEX access_log_by_customer;
