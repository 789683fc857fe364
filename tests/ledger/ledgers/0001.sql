BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE job (
	id VARCHAR(36) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	service TEXT NOT NULL, 
	key_id VARCHAR(32) NOT NULL, 
	video_name TEXT NOT NULL, 
	video_sha256 VARCHAR(64), 
	video_url TEXT, 
	models TEXT NOT NULL, 
	infer_fps FLOAT NOT NULL, 
	upload_url TEXT, 
	remote_job_id TEXT, 
	service_says TEXT NOT NULL, 
	progress FLOAT, 
	failure TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	checked_at BIGINT, 
	answered_at BIGINT, 
	next_check_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "job" VALUES('5b7c4f0e-8f3d-4c55-9d39-0c1f6f1c0001','succeeded','embedded','','naïve 视频 ''x".mp4','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,'[{"model_id":"motion","version":"1","inference_type":"object-detection","confidence":null}]',29.97,'http://127.0.0.1:8501/videoinfer/uploads/x','r1','',1.0,'',1772366400123456,1772366460000000,1772366460000000,1772366520000000,1772366460000000);
INSERT INTO "job" VALUES('5b7c4f0e-8f3d-4c55-9d39-0c1f6f1c0002','submitted','https://api.roboflow.com','0123456789abcdef','dock.mkv',NULL,'https://example.com/dock.mkv','[{"model_id":"cars","version":"2","inference_type":"instance-segmentation","confidence":0.4},{"model_id":"clip","version":"1","inference_type":"clip-embed-image","confidence":null}]',5.0,NULL,'r2','warming up',0.25,'',1772366400000000,NULL,NULL,1772366400000000,NULL);
INSERT INTO "job" VALUES('5b7c4f0e-8f3d-4c55-9d39-0c1f6f1c0003','failed','embedded','','cut.avi','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',NULL,'[{"model_id":"motion","version":"1"}]',1.0,NULL,NULL,'',NULL,'The kept video is gone.',1772366300000000,NULL,NULL,1772366300000000,1772366310000000);
CREATE TABLE preset (
	name VARCHAR(80) NOT NULL, 
	model TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "preset" VALUES('Dock','{"model_id":"cars","version":"2","inference_type":"object-detection","confidence":0.25}');
CREATE INDEX job_by_age ON job (created_at);
CREATE INDEX job_by_turn ON job (status, next_check_at);
COMMIT;
