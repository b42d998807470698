using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoraDrop.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class ListIndexes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_jobs_dataset_id",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_model_id",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_status_id",
                table: "jobs");

            migrationBuilder.CreateIndex(
                name: "ix_models_former_name",
                table: "models",
                column: "former_name");

            migrationBuilder.CreateIndex(
                name: "ix_models_id",
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
                filter: "name IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_models_former_name",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_id",
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
