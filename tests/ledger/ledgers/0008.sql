BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0008');
CREATE TABLE event (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id VARCHAR(36) NOT NULL, 
	at BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	status VARCHAR(16), 
	cause TEXT NOT NULL
, actor TEXT);
INSERT INTO "event" VALUES(1,'5b7c4f0e-8f3d-4c55-9d39-0c1f6f1c0003',1772366310000000,'moved','failed','The kept video is gone.','ada');
CREATE TABLE "job" (
	id VARCHAR(36) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	service TEXT NOT NULL, 
	key_id VARCHAR(32) NOT NULL, 
	video_name TEXT NOT NULL, 
	video_sha256 VARCHAR(64), 
	video_url TEXT, 
	models TEXT NOT NULL, 
	infer_fps FLOAT, 
	upload_url TEXT, 
	remote_job_id TEXT, 
	service_message TEXT NOT NULL, 
	progress FLOAT, 
	failure TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	checked_at BIGINT, 
	last_known_at BIGINT, 
	next_check_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	frames INTEGER, 
	run_progress TEXT, 
	cancel_refused BOOLEAN DEFAULT 0 NOT NULL, 
	run_started_at BIGINT, 
	uploaded_at BIGINT, 
	notes TEXT DEFAULT '' NOT NULL, 
	deleted_at BIGINT, start_requested_at BIGINT, failed_uploads INTEGER DEFAULT '0' NOT NULL, owner TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "job" VALUES('5b7c4f0e-8f3d-4c55-9d39-0c1f6f1c0001','succeeded','embedded','','naïve 视频 ''x".mp4','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,'[{"model_id":"motion","version":"1","inference_type":"object-detection","confidence":null}]',29.97,'http://127.0.0.1:8501/videoinfer/uploads/x','r1','',1.0,'',1772366400123456,1772366460000000,1772366460000000,1772366520000000,1772366460000000,NULL,NULL,0,NULL,NULL,'',NULL,NULL,0,NULL);
INSERT INTO "job" VALUES('5b7c4f0e-8f3d-4c55-9d39-0c1f6f1c0002','submitted','https://api.roboflow.com','0123456789abcdef','dock.mkv',NULL,'https://example.com/dock.mkv','[{"model_id":"cars","version":"2","inference_type":"instance-segmentation","confidence":0.4},{"model_id":"clip","version":"1","inference_type":"clip-embed-image","confidence":null}]',5.0,NULL,'r2','warming up',0.25,'',1772366400000000,NULL,NULL,1772366400000000,NULL,300,'{"frames_done":75,"frames_total":300,"cancellable":true}',1,1772366401000000,NULL,'look at minute 3',NULL,NULL,2,'ada');
INSERT INTO "job" VALUES('5b7c4f0e-8f3d-4c55-9d39-0c1f6f1c0003','failed','embedded','','cut.avi','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',NULL,'[{"model_id":"motion","version":"1"}]',1.0,NULL,NULL,'',NULL,'The kept video is gone.',1772366300000000,NULL,NULL,1772366300000000,1772366310000000,NULL,NULL,0,NULL,NULL,'',NULL,NULL,0,NULL);
CREATE TABLE job_tag (
	job_id VARCHAR(36) NOT NULL, 
	tag VARCHAR(60) NOT NULL, 
	PRIMARY KEY (job_id, tag)
);
INSERT INTO "job_tag" VALUES('5b7c4f0e-8f3d-4c55-9d39-0c1f6f1c0002','night');
CREATE TABLE moment_note (
	id VARCHAR(36) NOT NULL, 
	video VARCHAR(80) NOT NULL, 
	time BIGINT NOT NULL, 
	text TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	actor TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "moment_note" VALUES('n1','aaaa',7,'Camera was moved',1772366400000000,'ada');
CREATE TABLE notice (
	event_id BIGINT NOT NULL, 
	channel VARCHAR(16) NOT NULL, 
	job_id VARCHAR(36) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	attempts INTEGER NOT NULL, 
	made_at BIGINT NOT NULL, 
	next_try_at BIGINT NOT NULL, 
	last_error TEXT NOT NULL, 
	PRIMARY KEY (event_id, channel)
);
INSERT INTO "notice" VALUES(1,'webhook','5b7c4f0e-8f3d-4c55-9d39-0c1f6f1c0003','failed','waiting',2,1772366310000000,1772366400000000,'The webhook answered 500.');
CREATE TABLE notice_channel (
	name VARCHAR(16) NOT NULL, 
	since BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "notice_channel" VALUES('webhook',1772366300000000);
CREATE TABLE outage (
	service TEXT NOT NULL, 
	faults INTEGER NOT NULL, 
	began_at BIGINT NOT NULL, 
	next_try_at BIGINT, 
	PRIMARY KEY (service)
);
INSERT INTO "outage" VALUES('https://api.roboflow.com',3,1772366400000000,1772366460000000);
CREATE TABLE preset (
	service TEXT NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	model TEXT NOT NULL, 
	PRIMARY KEY (service, name)
);
INSERT INTO "preset" VALUES('https://api.roboflow.com','Dock','{"model_id":"cars","version":"2","inference_type":"object-detection","confidence":0.25}');
CREATE TABLE secret_mark (
	id INTEGER NOT NULL, 
	print VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX event_by_job ON event (job_id, kind, at);
CREATE INDEX job_tag_by_tag ON job_tag (tag, job_id);
CREATE INDEX job_by_age ON job (created_at);
CREATE INDEX job_by_turn ON job (status, next_check_at);
CREATE INDEX job_by_status ON job (status, created_at);
CREATE INDEX job_by_remote_id ON job (remote_job_id);
CREATE INDEX job_by_deletion ON job (deleted_at, created_at);
CREATE INDEX job_by_upload ON job (video_sha256, uploaded_at);
CREATE INDEX notice_by_turn ON notice (channel, state, next_try_at);
CREATE INDEX event_by_time ON event (kind, at);
CREATE INDEX moment_note_video ON moment_note (video, time);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('event',1);
COMMIT;
