using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoraDrop.Storage.Migrations.Sqlite
{
    /// <remarks>By hand: stages that are there have the priority default and the format 1, workers no labels.</remarks>
    public partial class ManyWorkers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_stages_status_queued_at",
                table: "stages");

            migrationBuilder.DropIndex(
                name: "ix_jobs_dataset_id",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_model_id",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_status_id",
                table: "jobs");

            migrationBuilder.AddColumn<string>(
                name: "labels",
                table: "workers",
                type: "TEXT",
                nullable: false,
                defaultValue: "{}");

            migrationBuilder.AddColumn<long>(
                name: "memory",
                table: "workers",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<bool>(
                name: "stopping",
                table: "workers",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<int>(
                name: "ended_attempt",
                table: "stages",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<long>(
                name: "estimated_memory",
                table: "stages",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<int>(
                name: "failures",
                table: "stages",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<int>(
                name: "format",
                table: "stages",
                type: "INTEGER",
                nullable: false,
                defaultValue: 1);

            migrationBuilder.AddColumn<int>(
                name: "kills",
                table: "stages",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<long>(
                name: "leased_at",
                table: "stages",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "memory",
                table: "stages",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<int>(
                name: "priority",
                table: "stages",
                type: "INTEGER",
                nullable: false,
                defaultValue: 1);

            migrationBuilder.AddColumn<string>(
                name: "selector",
                table: "stages",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "attempt",
                table: "models",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "lease_owner",
                table: "models",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "lease_until",
                table: "models",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "pause_requested_at",
                table: "jobs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "attempt",
                table: "datasets",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "lease_owner",
                table: "datasets",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "lease_until",
                table: "datasets",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_stages_queue",
                table: "stages",
                columns: new[] { "priority", "stage", "queued_at", "job_id" },
                descending: new[] { false, true, false, false },
                filter: "status = 'queued'");

            migrationBuilder.CreateIndex(
                name: "ix_stages_running",
                table: "stages",
                column: "lease_until",
                filter: "status = 'running'");

            migrationBuilder.CreateIndex(
                name: "ix_models_former_name",
                table: "models",
                column: "former_name");

            migrationBuilder.CreateIndex(
                name: "ix_models_id",
                table: "models",
                column: "id",
                filter: "status = 'preparing'");

            migrationBuilder.CreateIndex(
                name: "ix_models_id1",
                table: "models",
                column: "id",
                filter: "name IS NOT NULL");

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
                name: "ix_datasets_former_name",
                table: "datasets",
                column: "former_name");

            migrationBuilder.CreateIndex(
                name: "ix_datasets_id",
                table: "datasets",
                column: "id",
                filter: "status = 'preparing'");

            migrationBuilder.CreateIndex(
                name: "ix_datasets_id1",
                table: "datasets",
                column: "id",
                filter: "name IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_stages_queue",
                table: "stages");

            migrationBuilder.DropIndex(
                name: "ix_stages_running",
                table: "stages");

            migrationBuilder.DropIndex(
                name: "ix_models_former_name",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_id",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_id1",
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
                name: "ix_datasets_former_name",
                table: "datasets");

            migrationBuilder.DropIndex(
                name: "ix_datasets_id",
                table: "datasets");

            migrationBuilder.DropIndex(
                name: "ix_datasets_id1",
                table: "datasets");

            migrationBuilder.DropColumn(
                name: "labels",
                table: "workers");

            migrationBuilder.DropColumn(
                name: "memory",
                table: "workers");

            migrationBuilder.DropColumn(
                name: "stopping",
                table: "workers");

            migrationBuilder.DropColumn(
                name: "ended_attempt",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "estimated_memory",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "failures",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "format",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "kills",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "leased_at",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "memory",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "priority",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "selector",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "attempt",
                table: "models");

            migrationBuilder.DropColumn(
                name: "lease_owner",
                table: "models");

            migrationBuilder.DropColumn(
                name: "lease_until",
                table: "models");

            migrationBuilder.DropColumn(
                name: "pause_requested_at",
                table: "jobs");

            migrationBuilder.DropColumn(
                name: "attempt",
                table: "datasets");

            migrationBuilder.DropColumn(
                name: "lease_owner",
                table: "datasets");

            migrationBuilder.DropColumn(
                name: "lease_until",
                table: "datasets");

            migrationBuilder.CreateIndex(
                name: "ix_stages_status_queued_at",
                table: "stages",
                columns: new[] { "status", "queued_at" });

            migrationBuilder.CreateIndex(
                name: "ix_jobs_dataset_id",
                table: "jobs",
                column: "dataset_id");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_model_id",
                table: "jobs",
                column: "model_id");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_status_id",
                table: "jobs",
                columns: new[] { "status", "id" });
        }
    }
}
