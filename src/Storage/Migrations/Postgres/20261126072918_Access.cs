using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace LoraDrop.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Access : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_models_name",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_jobs_dataset_id_id_status_model_id_method",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_method_id_status_model_id_dataset_id",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_model_id_id_status_dataset_id_method",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_status_id_model_id_dataset_id_method",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_datasets_name",
                table: "datasets");

            migrationBuilder.AddColumn<string>(
                name: "owner",
                table: "models",
                type: "text",
                nullable: false,
                defaultValue: "",
                collation: "C");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "deleted_at",
                table: "jobs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "owner",
                table: "jobs",
                type: "text",
                nullable: false,
                defaultValue: "",
                collation: "C");

            migrationBuilder.AddColumn<string>(
                name: "owner",
                table: "datasets",
                type: "text",
                nullable: false,
                defaultValue: "",
                collation: "C");

            migrationBuilder.CreateTable(
                name: "api_keys",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    prefix = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    sha256 = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    owner = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    role = table.Column<string>(type: "text", nullable: false),
                    requests_per_minute = table.Column<int>(type: "integer", nullable: true),
                    active_jobs = table.Column<int>(type: "integer", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    created_by = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    revoked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_api_keys", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "audit",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    actor = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    owner = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    role = table.Column<string>(type: "text", nullable: false),
                    action = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    target = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    address = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    trace_id = table.Column<string>(type: "text", nullable: true, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "idempotent_requests",
                columns: table => new
                {
                    owner = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    key = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    operation = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    body_sha256 = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    resource = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    held_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    status = table.Column<int>(type: "integer", nullable: true),
                    headers = table.Column<string>(type: "text", nullable: true),
                    body = table.Column<byte[]>(type: "bytea", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_idempotent_requests", x => new { x.owner, x.key });
                });

            migrationBuilder.CreateIndex(
                name: "ix_models_name_owner",
                table: "models",
                columns: new[] { "name", "owner" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_jobs_dataset_id_id_status_model_id_method_owner",
                table: "jobs",
                columns: new[] { "dataset_id", "id", "status", "model_id", "method", "owner" });

            migrationBuilder.CreateIndex(
                name: "ix_jobs_deleted_at",
                table: "jobs",
                column: "deleted_at",
                filter: "deleted_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_method_id_status_model_id_dataset_id_owner",
                table: "jobs",
                columns: new[] { "method", "id", "status", "model_id", "dataset_id", "owner" },
                filter: "deleted_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_model_id_id_status_dataset_id_method_owner",
                table: "jobs",
                columns: new[] { "model_id", "id", "status", "dataset_id", "method", "owner" });

            migrationBuilder.CreateIndex(
                name: "ix_jobs_owner_id_status_model_id_dataset_id_method",
                table: "jobs",
                columns: new[] { "owner", "id", "status", "model_id", "dataset_id", "method" },
                filter: "deleted_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_status_id_model_id_dataset_id_method_owner",
                table: "jobs",
                columns: new[] { "status", "id", "model_id", "dataset_id", "method", "owner" },
                filter: "deleted_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_datasets_name_owner",
                table: "datasets",
                columns: new[] { "name", "owner" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_api_keys_prefix",
                table: "api_keys",
                column: "prefix",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_idempotent_requests_created_at",
                table: "idempotent_requests",
                column: "created_at");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "api_keys");

            migrationBuilder.DropTable(
                name: "audit");

            migrationBuilder.DropTable(
                name: "idempotent_requests");

            migrationBuilder.DropIndex(
                name: "ix_models_name_owner",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_jobs_dataset_id_id_status_model_id_method_owner",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_deleted_at",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_method_id_status_model_id_dataset_id_owner",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_model_id_id_status_dataset_id_method_owner",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_owner_id_status_model_id_dataset_id_method",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_status_id_model_id_dataset_id_method_owner",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_datasets_name_owner",
                table: "datasets");

            migrationBuilder.DropColumn(
                name: "owner",
                table: "models");

            migrationBuilder.DropColumn(
                name: "deleted_at",
                table: "jobs");

            migrationBuilder.DropColumn(
                name: "owner",
                table: "jobs");

            migrationBuilder.DropColumn(
                name: "owner",
                table: "datasets");

            migrationBuilder.CreateIndex(
                name: "ix_models_name",
                table: "models",
                column: "name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_jobs_dataset_id_id_status_model_id_method",
                table: "jobs",
                columns: new[] { "dataset_id", "id", "status", "model_id", "method" });

            migrationBuilder.CreateIndex(
                name: "ix_jobs_method_id_status_model_id_dataset_id",
                table: "jobs",
                columns: new[] { "method", "id", "status", "model_id", "dataset_id" });

            migrationBuilder.CreateIndex(
                name: "ix_jobs_model_id_id_status_dataset_id_method",
                table: "jobs",
                columns: new[] { "model_id", "id", "status", "dataset_id", "method" });

            migrationBuilder.CreateIndex(
                name: "ix_jobs_status_id_model_id_dataset_id_method",
                table: "jobs",
                columns: new[] { "status", "id", "model_id", "dataset_id", "method" });

            migrationBuilder.CreateIndex(
                name: "ix_datasets_name",
                table: "datasets",
                column: "name",
                unique: true);
        }
    }
}
